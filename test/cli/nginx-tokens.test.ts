import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NginxConfError, type Token, tokenize } from '../../src/cli/nginx-tokens.ts';

const read = (text: string): Token[] => tokenize(text, 'x.conf');
const words = (text: string): string[] => read(text).flatMap((token) => (token.kind === 'word' ? [token.text] : []));

describe('words', () => {
  test.each([
    ['a b;', ['a', 'b']],
    ['a "b c" \'d;{}\';', ['a', 'b c', 'd;{}']],
    ['a "q\\"q" \'q\\\'q\';', ['a', 'q"q', "q'q"]],
    ['a \\"b\\";', ['a', '"b"']],
    // regular expressions keep their backslashes
    ['a ^/x\\.php$ "\\d\\t";', ['a', '^/x\\.php$', '\\d\t']],
    ['a b#c # comment ; } "\n d;', ['a', 'b#c', 'd']],
    ['a x}y;', ['a', 'x}y']],
    ['a $' + '{b}c "$' + '{d}";', ['a', '$' + '{b}c', '$' + '{d}']],
    ['a b"c d";', ['a', 'b"c', 'd"']],
    ['if ($a = "b") { }', ['if', '($a', '=', 'b', ')']],
  ])('%j', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  test('a Lua block is one piece, whatever its strings and comments hold', () => {
    const lua = ' ngx.say("hi } {") -- }\n local x = [[ } ]] --[[ }\n ]] if x then y = { } end ';
    expect(read(`content_by_lua_block {${lua}} a;`)).toEqual([
      { kind: 'word', text: 'content_by_lua_block', quoted: false, line: 1 },
      { kind: 'script', text: lua, line: 1 },
      { kind: 'word', text: 'a', quoted: false, line: 3 },
      { kind: 'end', line: 3 },
    ]);
  });

  test('lines are those on which the words begin', () => {
    const lines = read('a\n "b\nc" d\n;\n# x\ne {\n}').map(({ line }) => line);
    expect(lines).toEqual([1, 2, 3, 4, 6, 6, 7]);
  });
});

test.each([
  ['a', 1],
  ['a;\nb', 2],
  ['a "b;\nc', 1],
  [';', 1],
  ['{ }', 1],
  ['a }', 1],
  ['a "b"c;', 1],
  ['x_by_lua_block { "}" ', 1],
])('nginx refuses %j, and so does this, with the line', (text, line) => {
  expect(() => read(text)).toThrow(NginxConfError);
  expect(() => read(text)).toThrow(`x.conf:${line}: `);
});

const piece = fc.oneof(
  fc.constantFrom(
    ...['a', ' ', '\n', ';', '{', '}', '"', "'", '\\', '$', '#', ')', '$' + '{', '\\"', '_by_lua_block {', '--'],
  ),
  fc.string({ maxLength: 3 }),
);

test('any text has tokens or a coded error', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const text = pieces.join('');
      try {
        for (const { line } of read(text)) expect(line).toBeLessThanOrEqual(text.split('\n').length);
      } catch (error) {
        expect(error).toBeInstanceOf(NginxConfError);
      }
    }),
    { numRuns: 2_000 },
  );
});

/** Every character that means something inside quotes. */
const quote = (text: string): string => `"${text.replace(/\\(?=["'\\trn]|$)|"/g, '\\$&')}"`;

test('what is written in quotes is read again', () => {
  const word = fc.oneof(
    fc.string(),
    fc.array(piece).map((pieces) => pieces.join('')),
  );
  const statement = fc.record({ args: fc.array(word, { maxLength: 4 }), opens: fc.boolean() });
  fc.assert(
    fc.property(fc.array(statement, { maxLength: 6 }), (statements) => {
      const text = statements
        .map(({ args, opens }) => `a ${args.map(quote).join(' ')} ${opens ? '{ }' : ';'}`)
        .join('\n');
      expect(words(text)).toEqual(statements.flatMap(({ args }) => ['a', ...args]));
    }),
    { numRuns: 1_000 },
  );
});
