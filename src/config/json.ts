// Where a JSON text is wrong. Node's own messages carry a position only sometimes, and differ between its
// versions; this reads the grammar of RFC 8259 once more to find the first wrong character.

export type Position = { readonly line: number; readonly column: number };

/** The first character that no JSON text could have there, counted from 1; undefined for valid JSON. */
export function jsonErrorPosition(text: string): Position | undefined {
  const reader = new Reader(text);
  try {
    reader.value();
    if (reader.offset < text.length) reader.fail();
  } catch (error) {
    if (!(error instanceof Misplaced)) throw error;
    const lines = text.slice(0, reader.offset).split('\n');
    return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
  }
  return undefined;
}

class Misplaced extends Error {}

const tokens = {
  space: /[ \t\r\n]*/y,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a JSON string has none (RFC 8259 section 7)
  string: /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y,
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above; how far a broken string is fine
  stringStart: /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y,
  scalar: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y,
} as const;

class Reader {
  readonly #text: string;
  offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    this.#skip(tokens.space);
    if (this.#take('{')) this.#items('}', () => this.#member());
    else if (this.#take('[')) this.#items(']', () => this.value());
    else if (this.#text[this.offset] === '"') this.#string();
    else if (!this.#skip(tokens.scalar)) this.fail();
    this.#skip(tokens.space);
  }

  fail(): never {
    throw new Misplaced();
  }

  #items(end: string, item: () => void): void {
    this.#skip(tokens.space);
    if (this.#take(end)) return;
    do item();
    while (this.#take(','));
    if (!this.#take(end)) this.fail();
  }

  #member(): void {
    this.#skip(tokens.space);
    this.#string();
    this.#skip(tokens.space);
    if (!this.#take(':')) this.fail();
    this.value();
  }

  #string(): void {
    if (this.#skip(tokens.string)) return;
    this.#skip(tokens.stringStart);
    this.fail();
  }

  #take(character: string): boolean {
    if (this.#text[this.offset] !== character) return false;
    this.offset++;
    return true;
  }

  #skip(token: RegExp): boolean {
    token.lastIndex = this.offset;
    if (!token.test(this.#text)) return false;
    const moved = token.lastIndex > this.offset;
    this.offset = token.lastIndex;
    return moved;
  }
}
