// The reader of ELF files: real programs of this machine, and bytes of nobody.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { readElf } from '../../../src/cli/elf.ts';

const readFrom = (bytes: Buffer) => (offset: number, length: number) => bytes.subarray(offset, offset + length);

test('a program that loads a libc has an interpreter', () => {
  assert.deepEqual(readElf(readFrom(fs.readFileSync(process.execPath))), {
    bits: 64,
    hasInterpreter: true,
    isGo: false,
  });
});

/** The smallest program: a header and nothing else; its 64 bits have no segment. */
const empty = Buffer.alloc(64);
Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(empty);

test('a program without an interpreter is static', () => {
  assert.deepEqual(readElf(readFrom(empty)), { bits: 64, hasInterpreter: false, isGo: false });
});

test("a section of Go's linker makes it a Go program", () => {
  const names = Buffer.from('\0.shstrtab\0.go.buildinfo\0');
  const section = (name: number, offset: number, length: number) => {
    const bytes = Buffer.alloc(64);
    bytes.writeUInt32LE(name, 0);
    bytes.writeBigUInt64LE(BigInt(offset), 24);
    bytes.writeBigUInt64LE(BigInt(length), 32);
    return bytes;
  };
  const header = Buffer.from(empty);
  header.writeBigUInt64LE(64n, 40); // the sections' table
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(2, 60);
  header.writeUInt16LE(0, 62); // the first has the names
  const file = Buffer.concat([header, section(1, 192, names.length), section(11, 0, 0), names]);
  assert.equal(readElf(readFrom(file))?.isGo, true);
});

test('what is no ELF file is none', () => {
  for (const text of ['', '#!/bin/sh\n', 'MZ', '\x7fELF', 'x'.repeat(100)]) {
    assert.equal(readElf(readFrom(Buffer.from(text, 'latin1'))), undefined);
  }
});

test('arbitrary bytes behind a true beginning are read without an error, and without reading too much', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 57, maxLength: 1000 }), (rest) => {
      const bytes = Buffer.concat([empty.subarray(0, 7), rest]);
      readElf((offset, length) => {
        assert.ok(Number.isSafeInteger(offset) && length <= 1024 * 1024);
        return bytes.subarray(offset, offset + length);
      });
    }),
    { numRuns: 2000 },
  );
});
