import { dirname, isAbsolute, join } from 'node:path';
import { NginxConfError, type Token, tokenize } from './nginx-tokens.ts';

/** One directive, included files in the place of their `include`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly file: string;
  readonly line: number;
  /** What stands between its braces; absent without braces. */
  readonly block?: readonly Directive[];
  /** The inside of a Lua block. */
  readonly script?: string;
}

/** Files as nginx reads them, the main one first. */
export interface ConfFiles {
  readonly main: string;
  /** Text by absolute path. */
  readonly texts: ReadonlyMap<string, string>;
}

const header = /^# configuration file (.+):$/;

export const isDump = (text: string): boolean => header.test(text.split('\n', 1)[0] ?? '');

/** What `nginx -T` wrote: each file behind a line with its path. */
export function readDump(text: string): ConfFiles {
  const texts = new Map<string, string>();
  let main: string | null = null;
  let path: string | null = null;
  let lines: string[] = [];
  const store = (): void => {
    if (path !== null) texts.set(path, lines.join('\n'));
  };
  for (const line of text.split('\n')) {
    const next = header.exec(line)?.[1];
    if (next === undefined) {
      lines.push(line);
      continue;
    }
    store();
    if (texts.has(next)) throw new NginxConfError(next, 1, 'the dump holds this file twice');
    main ??= next;
    path = next;
    lines = [];
  }
  store();
  if (main === null) throw new NginxConfError('-', 1, 'this is not what nginx -T writes');
  return { main, texts };
}

/** Deeper is a file that includes itself, or no configuration. */
const mostIncludes = 32;
const mostBlocks = 64;

/** The tree of the whole configuration. Throws NginxConfError where nginx would not read it, or read it otherwise. */
export function parseConf({ main, texts }: ConfFiles): Directive[] {
  const used = new Set<string>();
  const parseFile = (path: string, depth: number): Directive[] => {
    const text = texts.get(path);
    if (text === undefined) throw new NginxConfError(path, 1, 'this file is not among those that nginx read');
    used.add(path);
    const tokens = tokenize(text, path);
    let at = 0;
    let blocks = 0;
    const block = (opened: number | null): Directive[] => {
      const directives: Directive[] = [];
      if (blocks++ === mostBlocks) throw new NginxConfError(path, opened ?? 1, 'blocks are nested too deep');
      for (let token = tokens[at]; token !== undefined; token = tokens[at]) {
        at++;
        if (token.kind === 'close') {
          if (opened === null) throw new NginxConfError(path, token.line, 'unexpected "}"');
          blocks--;
          return directives;
        }
        if (token.kind !== 'word') throw new NginxConfError(path, token.line, 'unexpected "{"');
        directives.push(...statement(token));
      }
      if (opened !== null) throw new NginxConfError(path, opened, 'the block is not closed');
      return directives;
    };
    const statement = ({ text: name, line }: Extract<Token, { kind: 'word' }>): Directive[] => {
      const args: string[] = [];
      for (let token = tokens[at++]; token !== undefined; token = tokens[at++]) {
        if (token.kind === 'word') {
          args.push(token.text);
          continue;
        }
        const place = { name, args, file: path, line };
        if (token.kind === 'open') return [{ ...place, block: block(token.line) }];
        if (token.kind === 'script') return [{ ...place, script: token.text }];
        if (name !== 'include') return [place];
        const included = includedPaths(main, args[0] ?? '', [...texts.keys()]);
        if (depth === mostIncludes) throw new NginxConfError(path, line, 'includes are nested too deep');
        if (included === null)
          throw new NginxConfError(path, line, `${args[0]} is not among the files that nginx read`);
        return included.flatMap((each) => parseFile(each, depth + 1));
      }
      throw new NginxConfError(path, line, 'unexpected end of file');
    };
    return block(null);
  };
  const tree = parseFile(main, 0);
  const unread = [...texts.keys()].find((path) => !used.has(path));
  // a comment of the form that separates files would hide what follows it
  if (unread !== undefined) throw new NginxConfError(unread, 1, 'no include names this file');
  return tree;
}

/** Relative ones stand beside the main file. Null for a plain path that is not there; a pattern may match nothing. */
function includedPaths(main: string, pattern: string, known: readonly string[]): string[] | null {
  const full = isAbsolute(pattern) ? pattern : join(dirname(main), pattern);
  if (/[*?[]/.test(full)) {
    const form = globForm(full);
    return known.filter((path) => form.test(path)).sort();
  }
  const found = known.find((path) => path === full || join(path) === full);
  return found === undefined ? null : [found];
}

/** As glob(3) reads it: no wildcard matches a slash, or a dot at the beginning of a name. */
function globForm(pattern: string): RegExp {
  const parts = pattern.split('/').map((part) => {
    const dot = part.startsWith('.') || part === '' ? '' : '(?!\\.)';
    const body = part.replace(/\[(!?)([^\]]+)\]|[*?]|[\\^$.|+(){}[\]]/g, (all, not?: string, set?: string) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\\]^]/g, '\\$&')}]`;
      if (all === '*') return '[^/]*';
      return all === '?' ? '[^/]' : `\\${all}`;
    });
    return `${dot}${body}`;
  });
  return new RegExp(`^${parts.join('/')}$`);
}
