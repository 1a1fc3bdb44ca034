import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { describeFinding } from '../settings-file.ts';
import { checkTexts, knownTexts, languageForm, textsPath } from '../texts-file.ts';

export const textsCommand: Command = {
  name: 'texts',
  parameters: ['[language]'],
  summary: 'print the words of the pages, in English where the language has none yet',
  example: 'texts de --write',
  options: [
    { flags: '--write', summary: 'write them to texts/LANGUAGE.json beside fido2.json; what stands there is kept' },
  ],
  run: async (input) => {
    const language = input.parameter('language') || 'en';
    if (!languageForm.test(language)) {
      throw new CommandError(`${language} is no language tag`, 'write one such as de, pt-BR or zh-Hant', 2);
    }
    const settings = input.settingsPath();
    const table = JSON.stringify(knownTexts(settings, language), null, 2);
    if (!input.flag('write')) return { lines: [table] };
    const path = textsPath(settings, language);
    refuseBroken(path, language);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, `${table}\n`);
    renameSync(`${path}.new`, path);
    return {
      json: { path, language },
      lines: [`written: ${path}`, `shown where pages.languages names "${language}", after: nginx -s reload`],
    };
  },
};

/** What does not fit would be replaced, and lost. */
function refuseBroken(path: string, language: string): void {
  if (!existsSync(path)) return;
  const [first] = checkTexts(readFileSync(path, 'utf8'), language).findings;
  if (first !== undefined) throw new CommandError(describeFinding(path, first), first.hint);
}
