import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { prepareSettings } from '../../src/cli/start/demo-data.ts';
import { cleanUp } from '../helpers/cleanup.ts';

function folderWith(origins: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-demo-data-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const rp = { id: 'localhost', origins };
  writeFileSync(join(folder, 'fido2.json'), JSON.stringify({ rp, policies: { user: {} } }, null, 2));
  return folder;
}

const app = `android:apk-key-hash:${Buffer.alloc(32, 1).toString('base64url')}`;

test('another port takes the place of the one before, and nothing else changes', () => {
  const folder = folderWith([app, 'https://shop.example', 'http://localhost:8080']);
  const said: string[] = [];
  const { rp } = prepareSettings(folder, 'http://localhost:9000', undefined, (line) => said.push(line));
  expect(rp).toMatchObject({ origins: ['https://shop.example', 'http://localhost:9000'], apps: [app] });
  expect(said).toEqual([
    `${join(folder, 'fido2.json')}: rp.origins says http://localhost:9000 instead of http://localhost:8080`,
  ]);
  expect(JSON.parse(readFileSync(join(folder, 'fido2.json'), 'utf8'))).toEqual({
    rp: { id: 'localhost', origins: [app, 'https://shop.example', 'http://localhost:9000'] },
    policies: { user: {} },
  });
});

test('settings of a site that is not on localhost are left alone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-demo-data-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const text = JSON.stringify({ rp: { origins: ['https://app.example.com'] }, policies: {} });
  writeFileSync(join(folder, 'fido2.json'), text);
  expect(() => prepareSettings(folder, 'http://localhost:9000', undefined, () => undefined)).toThrow(
    'not for localhost',
  );
  expect(readFileSync(join(folder, 'fido2.json'), 'utf8')).toBe(text);
});
