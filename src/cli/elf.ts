// What an ELF file (elf(5)) says of how its program makes system calls: through a libc that is loaded when it
// starts, or by itself. Only the few bytes that answer this are read; they are anybody's, so each is checked.

/** @returns up to `length` bytes from `offset`, fewer at the file's end */
export type ReadAt = (offset: number, length: number) => Buffer;

export interface ElfProgram {
  readonly bits: 32 | 64;
  /** False for a static program: nothing of ours is loaded into it. */
  readonly hasInterpreter: boolean;
  /** Built by Go's compiler, which makes its own system calls, also where it loads a libc for cgo. */
  readonly isGo: boolean;
}

const headerBytes = 64;
const magic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const littleEndian = 1;
const PT_INTERP = 3;

/** Linkers give every Go program one of them, stripped or not (cmd/link of Go: `.go.buildinfo` since 1.13). */
const goSections = new Set(['.go.buildinfo', '.note.go.buildid']);

/** Real programs have some 10 segments, 40 sections and 1 KB of section names. */
const maxEntries = 4096;
const maxEntryBytes = 256;
const maxNamesBytes = 256 * 1024;

/** @returns undefined for what is no ELF file, or one that no kernel of ours would start */
export function readElf(readAt: ReadAt): ElfProgram | undefined {
  const header = readAt(0, headerBytes);
  if (header.length < headerBytes || !header.subarray(0, 4).equals(magic) || header[5] !== littleEndian)
    return undefined;
  if (header[4] === 1) return { bits: 32, hasInterpreter: false, isGo: false };
  if (header[4] !== 2) return undefined;
  const segments = table(readAt, header.readBigUInt64LE(32), header.readUInt16LE(54), header.readUInt16LE(56), 4);
  return {
    bits: 64,
    hasInterpreter: segments.some((segment) => segment.readUInt32LE(0) === PT_INTERP),
    isGo: sectionNames(readAt, header).some((name) => goSections.has(name)),
  };
}

function sectionNames(readAt: ReadAt, header: Buffer): string[] {
  const sections = table(readAt, header.readBigUInt64LE(40), header.readUInt16LE(58), header.readUInt16LE(60), 40);
  const namesSection = sections[header.readUInt16LE(62)];
  if (namesSection === undefined) return [];
  const [offset, length] = [namesSection.readBigUInt64LE(24), namesSection.readBigUInt64LE(32)];
  if (offset > Number.MAX_SAFE_INTEGER || length > maxNamesBytes) return [];
  const names = readAt(Number(offset), Number(length));
  return sections.map((section) => {
    const start = section.readUInt32LE(0);
    const end = names.indexOf(0, start);
    return end === -1 ? '' : names.toString('latin1', start, end);
  });
}

/** The entries of a table, each at least `least` bytes long; none where the file does not have them all. */
function table(readAt: ReadAt, offset: bigint, size: number, count: number, least: number): Buffer[] {
  if (offset > Number.MAX_SAFE_INTEGER || size < least || size > maxEntryBytes || count > maxEntries) return [];
  const bytes = readAt(Number(offset), size * count);
  if (bytes.length < size * count) return [];
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}
