import { appendFileSync, existsSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { sha256 } from '../crypto/digest.ts';
import type { Subtle } from '../crypto/subtle.ts';
import type { IdentityPorts } from '../identity/record.ts';
import type { Finding } from '../policy/document.ts';
import type { Settings } from '../policy/settings.ts';
import { createFileStore } from '../store/file.ts';
import { CommandError } from './command-error.ts';
import { isoTime, printProgress } from './output.ts';
import { becomeOwnerOf, callerName } from './owner.ts';
import { nodeClock, nodeFiles, nodeRandom, nodeSubtle } from './runtime.ts';
import { readSettings } from './settings-file.ts';

/** One fido2.json and the records that belong to it. */
export interface Installation {
  /** Absolute path of fido2.json. */
  readonly path: string;
  readonly settings: Settings;
  readonly warnings: readonly Finding[];
  /** Absolute path of the store's folder. */
  readonly folder: string;
  readonly ports: IdentityPorts;
  readonly subtle: Subtle;
  /** Notes who changed what in audit.log of the store's folder, one JSON line. */
  audit(event: string, details: Readonly<Record<string, unknown>>): void;
}

export const nodeIdentityPorts = (folder: string): IdentityPorts => ({
  store: createFileStore({ files: nodeFiles, clock: nodeClock, random: nodeRandom, root: folder, log: printProgress }),
  clock: nodeClock,
  random: nodeRandom,
  sha256: (bytes) => sha256(nodeSubtle, bytes),
});

/** The store's folder of the fido2.json that stands in `folder`. */
export function storeFolder(folder: string, settings: Settings): string {
  return resolve(folder, settings.store.path);
}

/**
 * Opens what --data or --config names (default: .data here, else /etc/nginx/fido2) as the owner of its store: root
 * becomes that user, everybody else is refused.
 */
export function openInstallation(named: { data: string | undefined; config: string | undefined }): Installation {
  const path = settingsPath(named);
  const asWhoeverStarted = readSettings(path);
  const folder = storeFolder(dirname(path), asWhoeverStarted.settings);
  if (!existsSync(folder)) {
    throw new CommandError(`the store's folder ${folder} does not exist`, 'make it, mode 0700, owned by nginx’s user');
  }
  const by = callerName();
  becomeOwnerOf(folder);
  return {
    path,
    settings: asWhoeverStarted.settings,
    warnings: asWhoeverStarted.warnings,
    folder,
    ports: nodeIdentityPorts(folder),
    subtle: nodeSubtle,
    audit: (event, details) => {
      const line = JSON.stringify({ time: isoTime(nodeClock.now()), event, by, ...details });
      appendFileSync(join(folder, 'audit.log'), `${line}\n`, { mode: 0o600 });
    },
  };
}

export function settingsPath({ data, config }: { data: string | undefined; config: string | undefined }): string {
  if (data !== undefined && config !== undefined) {
    throw new CommandError('--data and --config name the installation twice', 'give one of them', 2);
  }
  const found = config ?? (data === undefined ? undefined : join(data, 'fido2.json'));
  const path = resolve(
    found ?? ['.data/fido2.json', '/etc/nginx/fido2/fido2.json'].find(existsSync) ?? '.data/fido2.json',
  );
  return existsSync(path) ? realpathSync(path) : path;
}
