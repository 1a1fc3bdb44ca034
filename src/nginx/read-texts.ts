import { fromUtf8 } from '../bytes.ts';
import { files, log } from './runtime.ts';

const longest = 100_000;

/**
 * The files of texts beside fido2.json, as JSON of file contents by language. One that is not there leaves its pages
 * English; that is no reason to keep the site's settings from being in force.
 */
export function readTexts(settingsPath: string, languages: readonly string[]): string {
  const folder = settingsPath.slice(0, settingsPath.lastIndexOf('/'));
  const found: Record<string, string> = {};
  for (const language of languages) {
    const path = `${folder}/texts/${language}.json`;
    try {
      const bytes = files.read(path);
      const text = bytes.length > longest ? null : fromUtf8(bytes);
      if (text === null) log.warn(`texts: ${path} is no UTF-8 of at most ${longest} bytes: its pages stay English`);
      else found[language] = text;
    } catch (error) {
      if (language !== 'en') log.warn(`texts: ${(error as Error).message}: its pages stay English`);
    }
  }
  return JSON.stringify(found);
}
