import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadAsset } from '../../src/cli/build/plugins.mjs';
import { errorCodes } from '../../src/errors.ts';
import * as en from '../../src/pages/en.ts';
import * as demo from '../../src/pages/en-demo.ts';
import { english, errorWords, isTranslation, sections } from '../../src/pages/texts.ts';
import { everyPage } from './samples.ts';

/** Every sentence of a table, with its place; functions are called with something for each parameter. */
function sentences(table: unknown, place: string): readonly (readonly [place: string, text: string])[] {
  if (typeof table === 'string') return [[place, table]];
  if (typeof table === 'function') return sentences(table('1', '2', '3'), place);
  if (typeof table !== 'object' || table === null) return [];
  return Object.entries(table).flatMap(([name, value]) => sentences(value, `${place}.${name}`));
}

const said = [...sections.flatMap((section) => sentences(english[section], section)), ...sentences(demo, 'demo')];

describe('words', () => {
  test.each(Object.keys(errorCodes))('%s has a title and a next step', (code) => {
    const { title, text } = errorWords(english, code as keyof typeof errorCodes);
    expect(title).toMatch(/^\S.{5,60}[^.]$/);
    expect(text).toMatch(/^[A-Z].*\.$/);
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

describe('the words of a page’s script', () => {
  const scripts = {
    login: 'login',
    enrol: 'enrol',
    account: 'account',
    denied: 'error',
    signedOut: 'signed-out',
  } as const;

  test.each(Object.entries(scripts))('are in the data of the page: %s', async (name, script) => {
    const { files } = await loadAsset(`${script}.ts`);
    const source = files.map((file) => readFileSync(file, 'utf8')).join('\n');
    const taken = [...source.matchAll(/const \{([^}]*)\} = texts;|\btexts\.(\w+)/g)].flatMap(([, list, one = '']) =>
      list === undefined ? [one] : list.split(',').map((item) => item.split(':')[0]?.trim() ?? ''),
    );
    const used = taken.filter((each) => sections.some((section) => section === each));
    expect(used.length).toBeGreaterThan(0);
    const data = /id="data">(.*?)<\/script>/.exec(everyPage('x')[name]?.html ?? '')?.[1] ?? '{}';
    const { texts } = JSON.parse(data);
    expect(texts).toMatchObject({ language: 'en', direction: 'ltr' });
    const there = Object.keys(texts);
    expect(used.filter((section) => !there.includes(section))).toEqual([]);
  });
});

describe('German', () => {
  const german: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
    readFileSync('nginx-conf/texts/de.json', 'utf8'),
  );

  test('has every text, with the same places, in the order of the English table', () => {
    const keys = (table: object): readonly string[] => Object.keys(table);
    expect(keys(german)).toEqual(['language', 'direction', ...sections]);
    for (const section of sections) {
      expect([section, keys(german[section] ?? {})]).toEqual([section, keys(english[section])]);
      const unfit = Object.entries(english[section]).filter(
        ([key, text]) => !isTranslation(german[section]?.[key], text),
      );
      expect(unfit).toEqual([]);
    }
  });

  test('keeps the short labels short', () => {
    const { login, enrol, stepUp } = german;
    for (const label of [login?.button, login?.elsewhereButton, enrol?.button, stepUp?.button]) {
      expect(label?.length).toBeLessThanOrEqual(32);
    }
  });
});
