/** nginx's own reading of its configuration (ngx_conf_read_token): words, `;`, `{` and `}` with the lines they begin on. */
import { CommandError } from './command-error.ts';

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly quoted: boolean; readonly line: number }
  | { readonly kind: 'end' | 'open' | 'close'; readonly line: number }
  /** The inside of a block in another language, after the directive's words and in place of `{`. */
  | { readonly kind: 'script'; readonly text: string; readonly line: number };

/** What nginx itself would refuse. */
export class NginxConfError extends CommandError {
  readonly code = 'conf_invalid';

  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`, 'nginx -t says what nginx makes of it');
    this.name = 'NginxConfError';
  }
}

const isSpace = (char: string): boolean => char === ' ' || char === '\t' || char === '\r' || char === '\n';
const punctuation = { ';': 'end', '{': 'open', '}': 'close' } as const;
const scriptDirective = /_by_lua_block$/;

/** Throws NginxConfError for a quote or a statement that does not end. `file` is for its message. */
export function tokenize(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let at = 0;
  /** Of the statement that is being read. */
  let firstWord: string | null = null;
  let statementLine = 1;
  const fail = (message: string): never => {
    throw new NginxConfError(file, line, message);
  };
  const skipSpace = (): void => {
    for (; at < text.length; at++) {
      const char = text.charAt(at);
      if (char === '#') {
        const end = text.indexOf('\n', at);
        at = (end < 0 ? text.length : end) - 1;
      } else if (!isSpace(char)) return;
      else if (char === '\n') line++;
    }
  };
  for (skipSpace(); at < text.length; skipSpace()) {
    const char = text.charAt(at);
    if (char === ';' || char === '{' || char === '}') {
      if ((firstWord === null) !== (char === '}')) fail(`unexpected "${char}"`);
      tokens.push({ kind: punctuation[char], line });
      at++;
      if (char === '{' && firstWord !== null && scriptDirective.test(firstWord)) {
        const end = endOfLua(text, at) ?? fail('the Lua block does not end');
        tokens.splice(-1, 1, { kind: 'script', text: text.slice(at, end), line });
        line += text.slice(at, end).split('\n').length - 1;
        at = end + 1;
      }
      firstWord = null;
      continue;
    }
    const end = endOfWord(text, at);
    if (end === null) return fail('a quoted text does not end');
    const quoted = char === '"' || char === "'";
    const word = unescapeWord(quoted ? text.slice(at + 1, end - 1) : text.slice(at, end));
    tokens.push({ kind: 'word', text: word, quoted, line });
    if (firstWord === null) statementLine = line;
    firstWord ??= word;
    line += text.slice(at, end).split('\n').length - 1;
    at = end;
    const next = text.charAt(at);
    if (quoted && next !== '' && !isSpace(next) && !';{)'.includes(next)) fail(`unexpected "${next}"`);
  }
  if (firstWord !== null) {
    line = statementLine;
    fail(`"${firstWord}" has no ; and no {`);
  }
  return tokens;
}

/** Where the word that begins at `start` ends, a closing quote included; null where a quote does not close. */
function endOfWord(text: string, start: number): number | null {
  const first = text.charAt(start);
  const quote = first === '"' || first === "'" ? first : null;
  let afterDollar = first === '$';
  for (let at = first === '\\' ? start + 2 : start + 1; at < text.length; at++) {
    const char = text.charAt(at);
    // `${name}`: this brace opens no block
    if (char === '{' && afterDollar) continue;
    afterDollar = char === '$';
    if (char === '\\') at++;
    else if (quote !== null && char === quote) return at + 1;
    else if (quote === null && (isSpace(char) || char === ';' || char === '{')) return at;
  }
  return quote === null ? text.length : null;
}

const escapes: Readonly<Record<string, string>> = { t: '\t', r: '\r', n: '\n' };

/** Any other backslash stays, for regular expressions. */
function unescapeWord(word: string): string {
  return word.replace(/\\(["'\\trn])/g, (_, char: string) => escapes[char] ?? char);
}

/** The index of the brace that closes a Lua block: strings, long brackets and comments may hold others. */
function endOfLua(text: string, start: number): number | null {
  const part =
    /--\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|\[(=*)\[[\s\S]*?\]\2\]|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[{}]/g;
  part.lastIndex = start;
  let depth = 1;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    if (match[0] === '{') depth++;
    if (match[0] === '}' && --depth === 0) return match.index;
  }
  return null;
}
