import { describe, expect, test } from 'vitest';
import { errorCodes } from '../../src/errors.ts';
import * as en from '../../src/pages/en.ts';
import * as demo from '../../src/pages/en-demo.ts';
import { errorWords } from '../../src/pages/en-errors.ts';
import * as refusals from '../../src/pages/en-refusals.ts';

/** Every sentence of a table, with its place; functions are called with something for each parameter. */
function sentences(table: unknown, place: string): readonly (readonly [place: string, text: string])[] {
  if (typeof table === 'string') return [[place, table]];
  if (typeof table === 'function') return sentences(table('1', '2'), place);
  if (typeof table !== 'object' || table === null) return [];
  return Object.entries(table).flatMap(([name, value]) => sentences(value, `${place}.${name}`));
}

const said = [
  ...sentences(en, 'en'),
  ...sentences(demo, 'demo'),
  ...sentences(refusals, 'refusals'),
  ...sentences(errorWords, 'errors'),
];

describe('words', () => {
  test.each(Object.keys(errorCodes))('%s has a title and a next step', (code) => {
    const words = new Map(Object.entries(errorWords)).get(code);
    expect(words?.title).toMatch(/^\S.{5,60}[^.]$/);
    expect(words?.text).toMatch(/^[A-Z].*\.$/);
  });

  test('no code has words that is none', () => {
    expect(Object.keys(errorWords).filter((code) => !Object.hasOwn(errorCodes, code))).toEqual([]);
  });

  test('nothing is empty or left undefined', () => {
    expect(said.length).toBeGreaterThan(100);
    expect(said.filter(([, text]) => text.trim() === '' || /undefined|\[object/.test(text))).toEqual([]);
  });

  test('people are not told the names of mechanisms, and nobody shouts', () => {
    const unwanted =
      /authenticator|credential|webauthn|relying party|resident|attestation|biometric|oops|please|!|\bPasskeys?\b(?! on| added| works)/;
    const proper = /Google|Apple|Windows/;
    const found = said.filter(([, text]) => unwanted.test(text) && !proper.test(text));
    expect(found.filter(([, text]) => !/^Passkeys? |\. Passkeys? /.test(text))).toEqual([]);
  });

  test('what must fit a narrow screen stays short', () => {
    for (const label of [en.login.button, en.login.elsewhereButton, en.enrol.button, en.stepUp.button]) {
      expect(label.length).toBeLessThanOrEqual(25);
    }
  });
});
