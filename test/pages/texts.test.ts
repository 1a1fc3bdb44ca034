import { describe, expect, test } from 'vitest';
import { chooseLanguage } from '../../src/pages/language.ts';
import { loginPage } from '../../src/pages/login.ts';
import { fill, pieces, places } from '../../src/pages/sentence.ts';
import { english, errorWords, readTexts } from '../../src/pages/texts.ts';
import { requestOptions, site } from './samples.ts';

describe('a text with places', () => {
  test('is filled, and what is put in is not filled again', () => {
    expect(fill('{a} on {b}', { a: '{b}', b: 2 })).toBe('{b} on 2');
    expect(fill('{missing}.', {})).toBe('.');
    expect(pieces('x {a}')).toEqual(['x ', 'a', '']);
    expect(places('{b} {a} { c } {}')).toEqual(['a', 'b']);
  });
});

describe('a table that is read', () => {
  test('has the words of the file, and English where the file has none that fit', () => {
    const file = {
      direction: 'rtl',
      login: { title: 'Anmelden', goOn: 'no place', button: 7, saved: '' },
      stepUp: [],
      errors: { outOfOrderTitle: 'Außer Betrieb' },
      more: { x: 'y' },
    };
    const texts = readTexts(JSON.stringify(file), 'de');
    expect(texts).toEqual({
      ...english,
      ...{ language: 'de', direction: 'rtl' },
      login: { ...english.login, title: 'Anmelden' },
      errors: { ...english.errors, outOfOrderTitle: 'Außer Betrieb' },
    });
    expect(errorWords(texts, 'unfit')).toEqual({ title: 'Außer Betrieb', text: english.errors.outOfOrder });
  });

  test.each(['', '{', '[]', 'null', '"x"'])('is English where the file is %j', (json) => {
    expect(readTexts(json, 'de')).toBe(english);
  });

  test('speaks on the page: language, direction, escaped words', () => {
    const texts = readTexts('{"direction":"rtl","login":{"title":"<b>&","goOn":"<i>{target}"}}', 'ar');
    const { html } = loginPage({ site: { ...site, texts }, returnTo: '/x', options: requestOptions });
    expect(html).toContain('<html lang="ar" dir="rtl">');
    expect(html).toContain('<h1>&lt;b&gt;&amp;</h1>');
    expect(html).toContain('&lt;i&gt;<bdi class="target">');
  });
});

describe('the language of a page', () => {
  const site = ['de', 'en', 'pt-BR'];

  test.each([
    ['', 'de'],
    ['en', 'en'],
    ['en-US,en;q=0.9', 'en'],
    ['fr, en;q=0.5, de;q=0.4', 'en'],
    ['de-AT', 'de'],
    ['PT', 'pt-BR'],
    ['pt-PT, en;q=0.1', 'en'],
    ['pt-br', 'pt-BR'],
    ['en;q=0, *', 'de'],
    ['en;q=2', 'de'],
    ['fr;q=1, *;q=0.5', 'de'],
    ['../../etc/passwd', 'de'],
    [`${'x,'.repeat(1000)}en`, 'de'],
  ])('%s: %s', (header, language) => {
    expect(chooseLanguage(header, site)).toBe(language);
  });
});
