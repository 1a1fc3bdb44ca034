import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTexts } from '../../src/cli/texts-file.ts';
import { english } from '../../src/pages/texts.ts';
import { buildCommand, makeInstallation, ngxFido2, type Trial } from '../helpers/command.ts';

let trial: Trial;
const on = (...args: string[]) => ngxFido2([...args, '--data', trial.data]);

beforeAll(async () => {
  await buildCommand();
  trial = makeInstallation();
});
afterAll(() => trial.remove());

describe('the check of a file of texts', () => {
  const whole = { ...english, language: 'xx' };
  const check = (document: object) => checkTexts(JSON.stringify(document, null, 2), 'xx');

  test('finds nothing in the table that is to be translated', () => {
    expect(check(whole)).toEqual({ findings: [], missing: [] });
  });

  test.each([
    [{ login: { titel: 'x' } }, 3, 'login.titel', 'there is no such text', 'did you mean title?'],
    [{ logn: {} }, 2, 'logn', 'there is no such section', 'did you mean login?'],
    [{ login: 'x' }, 2, 'login', 'expected an object of texts', 'prints the whole table'],
    [{ login: { title: 1 } }, 3, 'login.title', 'expected a text', 'in English: "Sign in"'],
    [{ login: { title: ' ' } }, 3, 'login.title', 'the text is empty', 'in English'],
    [{ login: { goOn: 'Weiter' } }, 3, 'login.goOn', 'it has no place where {target} is needed', 'You will go on'],
    [{ login: { title: 'Hi {user}' } }, 3, 'login.title', 'it has {user} where no place is needed', 'in English'],
    [{ login: { title: '<b>Hi</b>' } }, 3, 'login.title', 'it holds markup', 'texts are plain'],
    [{ language: 'yy' }, 2, 'language', 'it is not "xx"', 'xx'],
    [{ direction: 'up' }, 2, 'direction', 'expected "ltr" or "rtl"', 'right to left'],
    [{ login: { constructor: 'x' } }, 3, 'login.constructor', 'reserved', 'another name'],
  ])('%j', (document, line, path, message, hint) => {
    const [found, ...others] = check(document).findings;
    expect(others).toEqual([]);
    expect(found).toMatchObject({ line, path });
    expect(found?.message).toContain(message);
    expect(found?.hint).toContain(hint);
  });

  test('names what is missing', () => {
    const { title: _, ...login } = english.login;
    expect(check({ ...whole, login })).toEqual({ findings: [], missing: ['login.title'] });
  });
});

describe('ngx-fido2 check', () => {
  let site: Trial;
  const check = (...args: string[]) => ngxFido2(['check', '--data', site.data, ...args]);
  const path = () => join(site.data, 'texts/de.json');

  beforeAll(() => {
    site = makeInstallation({ pages: { languages: ['de', 'en'] } });
    // no worker runs as root, so a store of root's is a finding of its own
    if (process.geteuid?.() === 0) chownSync(join(site.data, 'store'), 65_534, 65_534);
  });
  afterAll(() => site.remove());

  test('wants a file for every language but English, and the command in its hint writes it', async () => {
    const { status, stderr } = await check();
    expect([status, stderr]).toEqual([1, expect.stringContaining(`names "de", and there is no ${path()}`)]);
    const hint = /hint: ngx-fido2 (.*)/.exec(stderr)?.[1] ?? '';
    expect(await ngxFido2(hint.split(' '))).toMatchObject({ status: 0 });
    expect(await check()).toMatchObject({ status: 0, stdout: 'ok: 1 policies, 0 workloads, 0 warnings\n' });
  });

  test('names what does not fit, with its place, and what stays English', async () => {
    writeFileSync(path(), '{\n  "login": {\n    "goOn": "Weiter",\n    "titel": ""\n  }\n}');
    expect(await check()).toMatchObject({
      status: 1,
      stderr: [
        `error: ${path()}:3:13: login.goOn: it has no place where {target} is needed`,
        `  ${path()}:4:14: login.titel: there is no such text`,
        'hint: in English: "You will go on to {target}"\n',
      ].join('\n'),
    });
    const { login: _, ...rest } = english;
    writeFileSync(path(), JSON.stringify({ ...rest, language: 'de', login: { title: 'Anmelden' } }));
    const { status, stdout } = await check('--json');
    const missing = Object.keys(english.login).flatMap((key) => (key === 'title' ? [] : [`login.${key}`]));
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { languages: ['de', 'en'], untranslated: { de: missing } }]);
  });

  test('takes each language once', async () => {
    const twice = makeInstallation({ pages: { languages: ['en', 'en'] } });
    expect((await ngxFido2(['check', '--data', twice.data])).stderr).toContain('"en" stands here twice');
    twice.remove();
  });
});

describe('ngx-fido2 texts', () => {
  test('prints the English table, and German where there is a word', async () => {
    expect(JSON.parse((await on('texts')).stdout)).toEqual(english);
    const german = JSON.parse((await on('texts', 'de')).stdout);
    expect(german.login.title).toBe('Anmelden');
    expect(JSON.parse((await on('texts', 'ar')).stdout)).toEqual({ ...english, language: 'ar', direction: 'rtl' });
  });

  test('writes the table beside fido2.json, keeps what was there, and leaves alone what it would lose', async () => {
    const path = join(trial.data, 'texts/fr.json');
    mkdirSync(join(trial.data, 'texts'));
    writeFileSync(path, JSON.stringify({ login: { title: 'Connexion' } }));
    expect(await on('texts', 'fr', '--write')).toMatchObject({ status: 0 });
    const written = JSON.parse(readFileSync(path, 'utf8'));
    expect(written).toEqual({ ...english, language: 'fr', login: { ...english.login, title: 'Connexion' } });
    const broken = JSON.stringify({ login: { titre: 'Connexion' } });
    writeFileSync(path, broken);
    const { status, stderr } = await on('texts', 'fr', '--write');
    expect([status, stderr]).toEqual([1, expect.stringContaining(`${path}:1:19: login.titre: there is no such text`)]);
    expect(readFileSync(path, 'utf8')).toBe(broken);
  });

  test('takes language tags and no paths', async () => {
    const { status, stderr } = await on('texts', '../x', '--write');
    expect([status, stderr]).toEqual([2, expect.stringContaining('is no language tag')]);
    expect(existsSync(join(trial.data, 'x.json'))).toBe(false);
  });
});
