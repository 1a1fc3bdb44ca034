import { expect, test } from 'vitest';
import { parseGroup, parseGroups, withGroup, withoutGroup } from '../../src/identity/group.ts';

test.each(['admins', 'A', 'team:ops', 'a.b/c-d_e@f', 'x'.repeat(64)])('%s is a group', (name) => {
  expect(parseGroup(name)).toBe(name);
});

test.each(['', 'a b', 'ä', 'a,b', 'a\n', '"', '*', 'x'.repeat(65)])('%j is no group', (name) => {
  expect(() => parseGroup(name)).toThrow(expect.objectContaining({ code: 'malformed' }));
  expect(() => withGroup(['a'], name)).toThrow(expect.objectContaining({ code: 'malformed' }));
});

test('groups are sorted and each stands once', () => {
  expect(parseGroups(['b', 'a', 'b'])).toEqual(['a', 'b']);
  expect(withGroup(['b'], 'a')).toEqual(['a', 'b']);
  expect(withGroup(['a', 'b'], 'a')).toEqual(['a', 'b']);
  expect(withoutGroup(['a', 'b'], 'a')).toEqual(['b']);
  expect(withoutGroup(['a'], 'c')).toEqual(['a']);
});

test('a token has room for 100 groups, not for more', () => {
  const names = Array.from({ length: 101 }, (_, n) => `g${n}`);
  expect(parseGroups(names.slice(1))).toHaveLength(100);
  expect(() => parseGroups(names)).toThrow(expect.objectContaining({ code: 'malformed' }));
});
