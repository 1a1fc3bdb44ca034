import { readFileSync } from 'node:fs';
import type { Finding } from '../policy/document.ts';
import { parseSettings, type Settings, SettingsError } from '../policy/settings.ts';
import { CommandError } from './command-error.ts';

export interface SettingsFile {
  readonly settings: Settings;
  readonly warnings: readonly Finding[];
  readonly text: string;
}

/** Reads fido2.json. Throws CommandError with the place of the first thing that is wrong and the others after it. */
export function readSettings(path: string): SettingsFile {
  const text = readText(path);
  try {
    return { ...parseSettings(text), text };
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const [first, ...others] = error.findings.map((finding) => describeFinding(path, finding));
    const hint = error.findings[0]?.hint;
    throw new CommandError(first ?? error.message, hint === '' ? undefined : hint, 1, { notes: others, cause: error });
  }
}

/** `fido2.json:7:16: rp.origins.0: expected an origin` */
export function describeFinding(path: string, { line, column, path: member, message }: Finding): string {
  return `${path}:${line}:${column}: ${member === '' ? '' : `${member}: `}${message}`;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') {
      throw new CommandError(`there is no ${path}`, 'name the installation with --data DIR or --config FILE');
    }
    if (code === 'EACCES') throw new CommandError(`${path} may not be read`, 'run this as the owner of its folder');
    throw error;
  }
}
