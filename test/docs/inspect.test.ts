import { beforeAll, expect, test } from 'vitest';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { documentAt, fencesOf, fenceWith } from './markdown.ts';
import { exchangesOf, missingLines } from './transcript.ts';

const page = documentAt('docs/inspect.md');
const ceremony = fenceWith(page, 'json', '"registration"');
const [good = '', refused = ''] = fencesOf(page, '').map(({ text }) => text);

beforeAll(buildCommand);

test('the ceremony of docs/inspect.md is verified as it says', async () => {
  const { status, stdout } = await ngxFido2(['inspect', '-'], { input: ceremony });
  expect(missingLines(good.trimEnd().split('\n'), stdout), stdout).toEqual([]);
  expect(status).toBe(0);
});

test('and is refused as it says for another origin', async () => {
  const input = ceremony.replace('http://localhost:8080', 'https://localhost');
  const { status, stdout } = await ngxFido2(['inspect', '-'], { input });
  expect(missingLines(refused.trimEnd().split('\n'), stdout), stdout).toEqual([]);
  expect(status).toBe(1);
});

const exchanges = fencesOf(page, 'console').flatMap(({ text }) => exchangesOf(text));

test('and its credential alone, as it is pasted from a console', async () => {
  expect(exchanges).toHaveLength(2);
  const { credential } = JSON.parse(ceremony);
  for (const { command, expected } of exchanges) {
    const [, ...words] = command.replace('pasted.json', '-').split(' ');
    const { status, stdout } = await ngxFido2(words, { input: JSON.stringify(credential) });
    expect(missingLines(expected, stdout), stdout).toEqual([]);
    expect(status).toBe(expected.includes('verified') ? 0 : 1);
  }
});
