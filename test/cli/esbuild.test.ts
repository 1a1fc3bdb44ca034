import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, bundles } from '../../esbuild.config.mjs';
import { loadAsset } from '../../src/cli/build/plugins.mjs';
import { projectFolder } from '../helpers/command.ts';

let folder: string;
beforeAll(() => {
  // inside the project, so that packages are found
  folder = mkdtempSync(join(projectFolder, 'build/entry-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bundled(name: string, source: string) {
  const entry = join(folder, 'entry.ts');
  writeFileSync(entry, source);
  const row = bundles.find((each) => each.name === name);
  if (row === undefined) throw new Error(`no bundle ${name}`);
  return bundle({ ...row, entry });
}

async function refusal(name: string, source: string): Promise<string> {
  const error: unknown = await bundled(name, source).catch((thrown: unknown) => thrown);
  return error instanceof Error ? error.message : 'accepted';
}

describe('what the gate’s engine cannot run is a build error with its place', () => {
  test.each([
    ['a spread in a call', 'export default { f: (g, a) => g(...a) };'],
    ['a rest parameter', 'export default { f: (...a) => a };'],
    ['an array spread', 'export default { f: (a) => [...a] };'],
    ['destructuring', 'export default { f: ({ a }) => a };'],
    ['a default parameter', 'export default { f: (a = 1) => a };'],
    ['a class', 'class A {}\nexport default { f: () => new A() };'],
    ['for-of', 'export default { f: (a) => { for (const b of a) b(); } };'],
    ['a generator', 'export default { f: function* () { yield 1; } };'],
    ['a BigInt', 'export default { f: () => 3n };'],
    ['Map', 'export default { f: () => new Map() };'],
  ])('%s', async (_, source) => {
    expect(await refusal('fido2_gate.js', source)).toMatch(/entry\.ts:\d+/);
  });

  test('a regular expression with a newer flag', async () => {
    expect(await refusal('fido2_gate.js', 'export default { f: (a) => /x/s.test(a) };')).toContain('flag');
  });

  test('a word in a text is no use of what it names', async () => {
    expect(await refusal('fido2_gate.js', `export default { f: () => 'Set-Cookie: Map' };`)).toBe('accepted');
  });
});

describe('the service', () => {
  test('may export default alone', async () => {
    expect(await refusal('fido2.js', 'export const a = 1;\nexport default {};')).toContain('instead of default alone');
  });

  test('names no global that QuickJS lacks', async () => {
    expect(await refusal('fido2.js', 'export default { f: () => structuredClone({}) };')).toMatch(
      /structuredClone.*:1/,
    );
  });

  test('holds what it imports lazily, without a file of its own', async () => {
    const source = `export default { f: async () => (await import('@noble/hashes/sha2.js')).sha256 };`;
    const { text } = await bundled('fido2.js', source);
    expect(text).not.toMatch(/\bimport\(/);
    expect(text).toContain('Promise.resolve().then(');
  });

  test('may not import a file that it cannot hold', async () => {
    expect(await refusal('fido2.js', 'export default { f: (name) => import(name) };')).not.toBe('accepted');
  });
});

test('the same sources give the same bytes', async () => {
  for (const row of bundles) {
    const [one, two] = [await bundle(row), await bundle(row)];
    expect(one.text === two.text, row.name).toBe(true);
    expect(one.text, row.name).not.toContain(projectFolder);
  }
});

test('an asset carries the hash of its exact text', async () => {
  const { code } = await loadAsset('login.ts');
  const { text, hash }: { text: string; hash: string } = await import(
    `data:text/javascript,${encodeURIComponent(code)}`
  );
  expect(hash).toBe(`sha256-${createHash('sha256').update(text).digest('base64')}`);
  expect(text).not.toContain('</script');
});
