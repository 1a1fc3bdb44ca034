import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/commands.ts';
import { errorCodes } from '../../src/errors.ts';
import { projectFolder } from '../helpers/command.ts';
import { anchorsOf, documentAt, documents, fencesOf, linksOf } from './markdown.ts';

/** `ngx-fido2 WORDS --options` in fences and in the text. */
const invocation = /ngx-fido2 ([a-z][a-z-]*(?: [a-z][a-z-]*)?)([^`\n#]*)/g;
const general = ['--data', '--config', '--json', '--help'];

describe.each(documents.map((document) => [document.path, document] as const))('%s', (path, document) => {
  test('links to what is there', () => {
    const broken = linksOf(document).filter((link) => {
      const [target = '', anchor] = link.split('#');
      const at = target === '' ? path : normalize(join(dirname(path), target));
      if (!existsSync(join(projectFolder, at))) return true;
      return anchor !== undefined && !anchorsOf(documentAt(at)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  test('names files that are there', () => {
    const named = [...document.text.matchAll(/`((?:src|test|nginx-conf|bench|docs)\/[\w./-]+)`/g)].map(
      ([, name]) => name,
    );
    const missing = named.filter((name) => name !== undefined && !existsSync(join(projectFolder, name)));
    expect(missing.filter((name) => !name?.includes('NAME'))).toEqual([]);
  });

  test('ends no line of a drawing too early', () => {
    // mermaid takes a semicolon for the end of a statement
    const lines = fencesOf(document, 'mermaid').flatMap(({ text }) => text.split('\n'));
    expect(lines.filter((line) => line.includes(';'))).toEqual([]);
  });

  test('names commands and options that there are', () => {
    const unknown = [...document.text.matchAll(invocation)].flatMap(([whole, words = '', rest = '']) => {
      const command =
        commands.find(({ name }) => name === words) ?? commands.find(({ name }) => name === words.split(' ')[0]);
      if (command === undefined) return isProse(words) ? [] : [whole];
      const options = [...(command.options ?? []).map(({ flags }) => flags.split(' ')[0]), ...general];
      return [...rest.matchAll(/--[a-z][a-z-]*/g)].map(String).filter((option) => !options.includes(option));
    });
    expect(unknown).toEqual([]);
  });
});

/** `ngx-fido2 adds passkey sign-in`: a sentence and not a command. */
function isProse(words: string): boolean {
  const groups = commands.map(({ name }) => name.split(' ')[0]);
  return !groups.includes(words.split(' ')[0]);
}

describe('README.md', () => {
  const readme = documentAt('README.md');

  test('shows the two commands', () => {
    const lines = fencesOf(readme).flatMap(({ text }) => text.split('\n'));
    expect(lines).toContain('$ npm start');
    expect(lines).toContain('npm test');
  });

  test('has no code fence of a language that nothing here checks', () => {
    const languages = new Set(fencesOf(readme).map(({ language }) => language));
    const checked = ['console', 'diff', 'json', 'nginx', 'js'];
    const told = ['sh', 'mermaid', 'python', 'go', 'java'];
    expect([...languages].filter((each) => ![...checked, ...told].includes(each))).toEqual([]);
  });
});

test('docs/operations.md lists every path that there is', () => {
  const sources = ['api-routes.ts', 'page-routes.ts'].map((name) => join(projectFolder, 'src/nginx', name));
  const routes = sources.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/^ {2}'(\/[^']+)': \{/gm)]);
  const paths = routes.map(([, path]) => path);
  expect(paths.length).toBeGreaterThan(15);
  const { text } = documentAt('docs/operations.md');
  expect(paths.filter((path) => !text.includes(`${path}\``))).toEqual([]);
});

test('every code that the documents name is one', () => {
  const named = documents.flatMap(({ text }) => [...text.matchAll(/"code":"(\w+)"/g)].map(([, code = '']) => code));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((code) => !Object.hasOwn(errorCodes, code))).toEqual([]);
});
