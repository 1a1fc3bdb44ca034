import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../helpers/command.ts';

export interface Document {
  /** Relative to the project. */
  readonly path: string;
  readonly text: string;
}

export interface Fence {
  readonly language: string;
  readonly text: string;
}

/** What people read: the documents at the top and those in docs/. */
export const documents: readonly Document[] = ['.', 'docs']
  .flatMap((folder) => readdirSync(join(projectFolder, folder)).map((name) => join(folder, name)))
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, text: readFileSync(join(projectFolder, path), 'utf8') }));

/** The document with this path. Throws where there is none. */
export function documentAt(path: string): Document {
  const found = documents.find((each) => each.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
}

export function fencesOf({ text }: Document, language?: string): Fence[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
    .map(([, name = '', content = '']) => ({ language: name, text: content }))
    .filter((fence) => language === undefined || fence.language === language);
}

/** The fence of the language that holds the word. Throws unless there is exactly one. */
export function fenceWith(document: Document, language: string, word: string): string {
  const [found, ...more] = fencesOf(document, language).filter(({ text }) => text.includes(word));
  if (found === undefined || more.length > 0) throw new Error(`${document.path} has not one ${language} with ${word}`);
  return found.text;
}

/** Targets of links and pictures, without those to other sites. */
export function linksOf({ text }: Document): string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  return targets.filter((target) => !/^[a-z]+:/.test(target));
}

/** What GitHub makes of headings. */
export function anchorsOf({ text }: Document): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
