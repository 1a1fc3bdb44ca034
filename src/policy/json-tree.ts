/** Where the values of a JSON text stand. The values themselves are JSON.parse's. */
export interface JsonNode {
  /** Offset of its first character. */
  readonly start: number;
  /** What an object's text spells, in order, a name twice if it stands there twice. */
  readonly members?: readonly { readonly name: string; readonly start: number; readonly value: JsonNode }[];
  readonly items?: readonly JsonNode[];
}

export interface JsonSyntaxError {
  readonly offset: number;
  readonly message: string;
}

const deepest = 64;
const literal = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const escaped = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y;

/** Reads strict JSON (RFC 8259): no comments, no comma before a closing bracket, at most 64 levels. */
export function readJsonTree(text: string): JsonNode | JsonSyntaxError {
  const reader = new Reader(text);
  try {
    const node = reader.value(0);
    reader.space();
    if (reader.at < text.length) reader.fail('something follows the document');
    return node;
  } catch (error) {
    if (error instanceof SyntaxFault) return { offset: error.offset, message: error.message };
    throw error;
  }
}

class SyntaxFault extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(message);
    this.offset = offset;
  }
}

class Reader {
  at = 0;
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }

  fail(message: string): never {
    throw new SyntaxFault(this.at, message);
  }

  space(): void {
    while (/[ \t\n\r]/.test(this.#text.charAt(this.at))) this.at++;
  }

  value(depth: number): JsonNode {
    if (depth > deepest) this.fail(`more than ${deepest} levels`);
    this.space();
    const start = this.at;
    const first = this.#text.charAt(start);
    if (first === '{') return { start, members: this.#list('}', () => this.#member(depth)) };
    if (first === '[') return { start, items: this.#list(']', () => this.value(depth + 1)) };
    if (first === '"') this.#string();
    else this.#match(literal, first === '' ? 'the document ends early' : 'expected a value');
    return { start };
  }

  #member(depth: number) {
    this.space();
    const start = this.at;
    if (this.#text.charAt(start) !== '"') this.fail('expected the name of a member in double quotes');
    this.#string();
    const name = String(JSON.parse(this.#text.slice(start, this.at)));
    this.space();
    if (this.#text.charAt(this.at) !== ':') this.fail('expected a colon');
    this.at++;
    return { name, start, value: this.value(depth + 1) };
  }

  #list<T>(close: string, entry: () => T): T[] {
    const entries: T[] = [];
    this.at++;
    this.space();
    if (this.#text.charAt(this.at) === close) {
      this.at++;
      return entries;
    }
    for (;;) {
      entries.push(entry());
      this.space();
      const next = this.#text.charAt(this.at);
      if (next !== close && next !== ',') this.fail(`expected a comma or ${close}`);
      this.at++;
      if (next === close) return entries;
    }
  }

  #string(): void {
    this.at++;
    for (;;) {
      const next = this.#text.charAt(this.at);
      if (next === '' || next < ' ') this.fail('the text in quotes does not end');
      if (next === '\\') this.#match(escaped, 'there is no such escape');
      else this.at++;
      if (next === '"') return;
    }
  }

  #match(pattern: RegExp, message: string): void {
    pattern.lastIndex = this.at;
    if (!pattern.test(this.#text)) this.fail(message);
    this.at = pattern.lastIndex;
  }
}
