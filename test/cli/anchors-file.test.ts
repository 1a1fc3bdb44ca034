import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkAnchors } from '../../src/cli/anchors-file.ts';
import { CommandError } from '../../src/cli/command-error.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { pemOf } from '../helpers/pem.ts';

const folder = mkdtempSync(join(tmpdir(), 'fido2-anchors-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = join(folder, 'fido2.json');
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const whole = createAuthority('A maker').certificate;

test('counts the certificates of every file, relative to the settings or not', () => {
  const two = file('two.pem', pemOf(whole) + pemOf(createAuthority('Another').certificate));
  expect(checkAnchors(settings, [two, join(folder, file('one.pem', pemOf(whole)))])).toBe(3);
  expect(checkAnchors(settings, [])).toBe(0);
});

test.each([
  ['a file that is not there', () => 'none.pem'],
  ['a file without a certificate', () => file('empty.pem', 'nothing')],
  ['a certificate that cannot be read', () => file('half.pem', pemOf(whole.subarray(0, 100)))],
])('%s is named', (_, name) => {
  const path = name();
  expect(() => checkAnchors(settings, [path])).toThrow(CommandError);
  expect(() => checkAnchors(settings, [path])).toThrow(join(folder, path));
});
