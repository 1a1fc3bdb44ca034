import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type JsonNode, readJsonTree } from '../../src/policy/json-tree.ts';

/** The value that a node's own text spells, put together from its parts. */
function spelledBy(text: string, node: JsonNode): unknown {
  if (node.items !== undefined) return node.items.map((item) => spelledBy(text, item));
  if (node.members !== undefined) {
    return Object.fromEntries(node.members.map(({ name, value }) => [name, spelledBy(text, value)]));
  }
  const [own = ''] = /^(?:"(?:[^"\\]|\\.)*"|[^,\]}\s]+)/.exec(text.slice(node.start)) ?? [];
  return JSON.parse(own);
}

const read = (text: string): JsonNode => {
  const tree = readJsonTree(text);
  if ('message' in tree) throw new Error(`${tree.offset}: ${tree.message}`);
  return tree;
};

describe('strict JSON', () => {
  test('every value stands where the tree says', () => {
    const json = fc.json({ maxDepth: 5, noUnicodeString: false }).map((text) => JSON.parse(text));
    const indent = fc.constantFrom(undefined, 1, '\t');
    fc.assert(
      fc.property(json, indent, (value, space) => {
        const text = JSON.stringify(value, null, space);
        fc.pre(!text.includes('"__proto__"'));
        expect(spelledBy(text, read(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('what JSON.parse refuses is refused, and nothing else', () => {
    const pieces = fc.constantFrom(
      ...['{', '}', '[', ']', ',', ':', '"', '"a"', '\\', '\\u00', '1', '-', '0', '01', '1.', '.5', '1e', 'e5', 'true'],
      ...['nul', 'null', ' ', '\n', '\u00a0', '\ufeff', '/*', '//', "'", '\u0000', '\u001f', 'NaN', '+1', '""'],
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let accepted = true;
        try {
          JSON.parse(text);
        } catch (_) {
          accepted = false;
        }
        expect('message' in readJsonTree(text), JSON.stringify(text)).toBe(!accepted);
      }),
      { numRuns: 5000 },
    );
  });

  test('a name that stands there twice is two members', () => {
    expect(read('{"a": 1, "\\u0061": 2}').members?.map(({ name, start }) => [name, start])).toEqual([
      ['a', 1],
      ['a', 9],
    ]);
  });

  test.each([
    ['', 0, 'the document ends early'],
    ['{"a": 1,}', 8, 'expected the name of a member in double quotes'],
    ['[1 2]', 3, 'expected a comma or ]'],
    ['{"a" 1}', 5, 'expected a colon'],
    ['"abc', 4, 'the text in quotes does not end'],
    ['{} x', 3, 'something follows the document'],
    ['// no', 0, 'expected a value'],
  ])('%j is told with its place', (text, offset, message) => {
    expect(readJsonTree(text)).toEqual({ offset, message });
  });

  test('65 levels are refused before the stack is', () => {
    expect(readJsonTree(`${'['.repeat(64)}1${']'.repeat(64)}`)).toHaveProperty('items');
    expect(readJsonTree('['.repeat(100_000))).toEqual({ offset: 65, message: 'more than 64 levels' });
  });
});
