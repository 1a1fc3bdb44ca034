import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from '../../policy/document.ts';
import { checkAnchors } from '../anchors-file.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { storeFolder } from '../installation.ts';
import { originConf } from '../nginx-conf.ts';
import type { Answer } from '../output.ts';
import { ownerOf } from '../owner.ts';
import { describeFinding, readSettings } from '../settings-file.ts';
import { checkTexts, textsPath } from '../texts-file.ts';
import { checkNginx } from './check-nginx.ts';

/** Reads only: it may be run by anybody who can read fido2.json, and by root before the folder has its owner. */
export const checkCommand: Command = {
  name: 'check',
  summary: 'check fido2.json and the folders that it names, or nginx’s configuration',
  example: 'check --nginx /etc/nginx/nginx.conf',
  options: [
    { flags: '--nginx <file>', summary: 'check this nginx.conf, or what nginx -T wrote (- reads standard input)' },
    { flags: '--nginx-binary <path>', summary: 'the nginx that reads it; default: the one on PATH' },
  ],
  run: async (input) => {
    const nginx = input.text('nginx');
    if (nginx !== undefined) return checkNginx(input, nginx);
    return checkInstallation(input.settingsPath());
  },
};

/** The document, what it names, and what was written of it for nginx. Throws CommandError for what is wrong. */
export function checkInstallation(path: string): Answer {
  const { settings, warnings } = readSettings(path);
  checkStore(storeFolder(dirname(path), settings));
  checkOrigins(join(dirname(path), 'origin.conf'), settings.rp.origins);
  checkAnchors(path, settings.passkeys.anchors);
  const untranslated = checkLanguages(path, settings.pages.languages);
  const counts = [`${settings.policies.size} policies`, `${settings.workloads.size} workloads`];
  return {
    json: {
      ok: true,
      config: path,
      policies: [...settings.policies.keys()],
      workloads: [...settings.workloads.keys()],
      languages: settings.pages.languages,
      untranslated,
      warnings: warnings.map(warningOf),
    },
    lines: [
      ...warnings.flatMap((warning) => [
        `warning: ${describeFinding(path, warning)}`,
        ...(warning.hint === '' ? [] : [`hint: ${warning.hint}`]),
      ]),
      ...Object.entries(untranslated).map(
        ([language, keys]) => `texts/${language}.json: ${keys.length} texts stay English: ${keys.join(' ')}`,
      ),
      `ok: ${counts.join(', ')}, ${warnings.length} warnings`,
    ],
  };
}

function checkStore(folder: string): void {
  if (!existsSync(folder)) {
    throw new CommandError(`the store's folder ${folder} does not exist`, `install -d -m 0700 -o NGINX_USER ${folder}`);
  }
  for (const place of [folder, join(folder, 'records')]) {
    if (!existsSync(place)) continue;
    const { mode } = statSync(place);
    if ((mode & 0o077) === 0) continue;
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw new CommandError(`${place} has mode ${octal}: others can read the keys`, `chmod 0700 ${place}`);
  }
  const owner = ownerOf(folder);
  if (owner.uid !== 0 || process.geteuid?.() !== 0) return;
  throw new CommandError(`${folder} belongs to root, whom no worker runs as`, `chown -R NGINX_USER ${folder}`);
}

/** What upstreams are told of scheme and host is written into nginx's configuration, which knows no JSON. */
export function checkOrigins(path: string, origins: readonly string[]): void {
  if (!existsSync(path)) return;
  const meaning = (text: string): string => text.replace(/#.*$/gm, '').replace(/\s+/g, ' ').trim();
  if (meaning(readFileSync(path, 'utf8')) === meaning(originConf(origins))) return;
  throw new CommandError(`${path} is not for ${origins.join(', ')}`, `ngx-fido2 init --update --to ${dirname(path)}`);
}

/** What each language's file lacks; throws for what does not fit, and for a file that is not there. */
function checkLanguages(settings: string, languages: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const untranslated: Record<string, readonly string[]> = {};
  for (const language of languages) {
    const path = textsPath(settings, language);
    if (!existsSync(path)) {
      if (language === 'en') continue;
      const hint = `ngx-fido2 texts ${language} --write --config ${settings}`;
      throw new CommandError(`pages.languages names "${language}", and there is no ${path}`, hint);
    }
    const { findings, missing } = checkTexts(readFileSync(path, 'utf8'), language);
    const [first, ...others] = findings;
    if (first !== undefined) {
      const notes = others.map((finding) => describeFinding(path, finding));
      throw new CommandError(describeFinding(path, first), first.hint, 1, { notes });
    }
    if (missing.length > 0) untranslated[language] = missing;
  }
  return untranslated;
}

function warningOf({ path, line, column, message, hint }: Finding) {
  return { path, line, column, message, hint };
}
