import { describe, expect, test } from 'vitest';
import { type Directive, isDump, parseConf, readDump } from '../../src/cli/nginx-tree.ts';

const dump = (files: Readonly<Record<string, string>>): string =>
  Object.entries(files)
    .map(([path, text]) => `# configuration file ${path}:\n${text}\n`)
    .join('\n');

const places = (tree: readonly Directive[]): string[] =>
  tree.flatMap(({ name, file, line, block }) => [`${name} ${file}:${line}`, ...places(block ?? [])]);

const parse = (files: Readonly<Record<string, string>>) => parseConf(readDump(dump(files)));

describe('includes', () => {
  test('stand in their place, with their own file and line, as often as they are named', () => {
    const tree = parse({ '/e/nginx.conf': 'a;\nb {\n include x.conf;\n include /e/x.conf;\n}', '/e/x.conf': '\nc;' });
    expect(places(tree)).toEqual([...['a /e/nginx.conf:1', 'b /e/nginx.conf:2', 'c /e/x.conf:2', 'c /e/x.conf:2']]);
  });

  test('a pattern means all that match, in the order of their names', () => {
    const files = { '/e/nginx.conf': 'include d/*.conf; include none/*;', '/e/d/b.conf': 'b;', '/e/d/a.conf': 'a;' };
    expect(places(parse(files))).toEqual(['a /e/d/a.conf:1', 'b /e/d/b.conf:1']);
  });

  test.each([
    ['a file that is not in the dump', { '/e/nginx.conf': 'include x;' }],
    // a comment of that form in a file would hide the rest of it
    ['a file that no include names', { '/e/nginx.conf': 'a;', '/e/x': 'b;' }],
    ['a file that a pattern does not reach', { '/e/nginx.conf': 'include *.conf;', '/e/d/x.conf': 'b;' }],
    ['a file that includes itself', { '/e/nginx.conf': 'include x;', '/e/x': 'include x;' }],
    ['a block that goes on in another file', { '/e/nginx.conf': 'a { include x;', '/e/x': '}' }],
    ['blocks without end', { '/e/nginx.conf': 'a {'.repeat(20_000) }],
    ['no dump', {}],
  ])('%s is an error with its place', (_, files) => {
    expect(() => parse(files)).toThrow(/^\S+:\d+: /);
  });

  test('a dump names no file twice', () => {
    const text = dump({ '/e/nginx.conf': 'a;' });
    expect(() => readDump(text + text)).toThrow('twice');
    expect([isDump(text), isDump('a;')]).toEqual([true, false]);
  });
});
