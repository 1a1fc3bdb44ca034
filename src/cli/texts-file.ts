import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { places } from '../pages/sentence.ts';
import { english, isTranslation, readTexts, type Section, sections, type Texts } from '../pages/texts.ts';
import { type Finding, parseDocument } from '../policy/document.ts';
import { projectRoot } from './project-root.ts';

export const languageForm = /^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/;

/** Languages that are written from right to left, for those who begin a translation. */
const rightToLeft = /^(?:ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)(?:-|$)/;

/** Where a language's words stand: beside fido2.json. */
export function textsPath(settingsPath: string, language: string): string {
  return join(dirname(settingsPath), 'texts', `${language}.json`);
}

/** A language's table: the words beside fido2.json, else those that come along, else English. */
export function knownTexts(settingsPath: string, language: string): Texts {
  const shipped = join(projectRoot(), 'nginx-conf/texts', `${language}.json`);
  const own = textsPath(settingsPath, language);
  const direction = rightToLeft.test(language) ? 'rtl' : 'ltr';
  const start: Texts = { ...english, language, direction };
  return [shipped, own]
    .filter((path) => existsSync(path))
    .reduce((base, path) => readTexts(readFileSync(path, 'utf8'), language, base), start);
}

export interface TextsCheck {
  readonly findings: readonly Finding[];
  /** `section.key` of what the file does not have, which is English on the pages. */
  readonly missing: readonly string[];
}

/** What is wrong with a file of texts, with its place. */
export function checkTexts(json: string, language: string): TextsCheck {
  const document = parseDocument(json);
  if (!('value' in document)) return { findings: document, missing: [] };
  const findings: Finding[] = [];
  const say = (path: readonly string[], message: string, hint: string) =>
    findings.push(document.finding(path, message, hint));
  const { language: tag = language, direction = 'ltr', ...tables } = document.value as Record<string, unknown>;
  if (tag !== language) say(['language'], `it is not "${language}"`, `the file's name says ${language}`);
  if (direction !== 'ltr' && direction !== 'rtl') {
    say(['direction'], 'expected "ltr" or "rtl"', 'rtl is for scripts that run from right to left');
  }
  for (const [name, table] of Object.entries(tables)) {
    if (!isSection(name)) say([name], 'there is no such section', nearest(name, sections));
    else if (!isTable(table)) say([name], 'expected an object of texts', 'ngx-fido2 texts prints the whole table');
    else checkSection(name, table, say);
  }
  const missing = sections.flatMap((section) => {
    const table = tables[section];
    const given = isTable(table) ? table : {};
    return Object.keys(english[section]).flatMap((key) => (Object.hasOwn(given, key) ? [] : [`${section}.${key}`]));
  });
  return { findings, missing };
}

type Say = (path: readonly string[], message: string, hint: string) => void;

function checkSection(section: Section, table: Readonly<Record<string, unknown>>, say: Say): void {
  const known: Readonly<Record<string, string>> = english[section];
  for (const [key, text] of Object.entries(table)) {
    const original = Object.hasOwn(known, key) ? known[key] : undefined;
    const said = original === undefined ? '' : `in English: ${JSON.stringify(original)}`;
    if (original === undefined) say([section, key], 'there is no such text', nearest(key, Object.keys(known)));
    else if (typeof text !== 'string') say([section, key], 'expected a text', said);
    else if (text.trim() === '') say([section, key], 'the text is empty', said);
    else if (!isTranslation(text, original)) say([section, key], placesDiffer(text, original), said);
    else if (/<\/?[a-z][^>]*>|&[a-z]+;/i.test(text)) {
      say([section, key], 'it holds markup, which is shown as it stands', 'texts are plain: write the characters');
    }
  }
}

function placesDiffer(text: string, original: string): string {
  const braced = (names: readonly string[]): string => names.map((name) => `{${name}}`).join(' ') || 'no place';
  return `it has ${braced(places(text))} where ${braced(places(original))} is needed`;
}

function isSection(name: string): name is Section {
  return sections.some((section) => section === name);
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nearest(name: string, known: readonly string[]): string {
  const start = (a: string, b: string): number => {
    let same = 0;
    while (same < a.length && a[same]?.toLowerCase() === b[same]?.toLowerCase()) same++;
    return same;
  };
  const [best = ''] = [...known].sort((a, b) => start(name, b) - start(name, a) || a.length - b.length);
  return start(name, best) >= 3 ? `did you mean ${best}?` : `there are ${known.join(', ')}`;
}
