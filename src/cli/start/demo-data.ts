import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { applyEdits, type JSONPath, modify } from 'jsonc-parser';
import { withGroup } from '../../identity/group.ts';
import { createInvite, voidInvites } from '../../identity/invite.ts';
import type { IdentityPorts } from '../../identity/record.ts';
import { createUser, findUserByName, listUsers, updateUser } from '../../identity/user.ts';
import type { Settings } from '../../policy/settings.ts';
import { CommandError } from '../command-error.ts';
import { readSettings } from '../settings-file.ts';
import { demoSettings } from './demo-conf.ts';

const administrator = 'admin';
const administrators = 'admins';
const inviteLife = 15 * 60_000;
const localhost = /^http:\/\/localhost(:\d+)?$/;

/** How browsers name the site on this port. */
export function localOrigin(port: number): string {
  return port === 80 ? 'http://localhost' : `http://localhost:${port}`;
}

/**
 * fido2.json of the data folder, made where there is none, with the origin of the port in use and, if given, the
 * choice of crypto. Everything else in it is its owner's and stays as it is.
 */
export function prepareSettings(
  folder: string,
  origin: string,
  crypto: string | undefined,
  onProgress: (line: string) => void,
): Settings {
  const path = join(folder, 'fido2.json');
  if (!existsSync(path)) write(path, demoSettings(origin));
  const { settings, text } = readSettings(path);
  let next = text;
  if (!settings.rp.origins.includes(origin)) {
    const old = settings.rp.origins.find((each) => localhost.test(each));
    if (old === undefined) {
      throw new CommandError(
        `${path} is for ${settings.rp.origins.join(', ')}, not for localhost`,
        'give the trial a folder of its own with --data DIR',
      );
    }
    onProgress(`${path}: rp.origins says ${origin} instead of ${old}`);
    next = edit(next, ['rp', 'origins', writtenOrigins(text).indexOf(old)], origin);
  }
  if (crypto !== undefined && settings.crypto !== crypto) {
    onProgress(`${path}: crypto says ${crypto} instead of ${settings.crypto}`);
    next = edit(next, ['crypto'], crypto);
  }
  if (next === text) return settings;
  write(path, next);
  return readSettings(path).settings;
}

/** While nobody has a passkey: the code of a new invite for the first administrator; the ones before are void. */
export async function firstInvite(ports: IdentityPorts): Promise<string | null> {
  const users = await listUsers(ports);
  if (users.some(({ credentials }) => credentials.length > 0)) return null;
  const { value: user } =
    (await findUserByName(ports, administrator)) ??
    (await createUser(ports, { name: administrator, displayName: 'Administrator', groups: [administrators] }));
  await updateUser(ports, user.id, ({ groups, disabled }) =>
    groups.includes(administrators) && !disabled
      ? null
      : { groups: withGroup(groups, administrators), disabled: false },
  );
  await voidInvites(ports, (invite) => invite.user === user.id);
  return (await createInvite(ports, { user: user.id, life: inviteLife, recover: false })).code;
}

/** As they stand in the document, where apps stand among the websites. */
function writtenOrigins(text: string): readonly string[] {
  const { rp } = JSON.parse(text) as { rp: { origins: string[] } };
  return rp.origins;
}

function edit(text: string, path: JSONPath, value: string): string {
  return applyEdits(text, modify(text, path, value, { formattingOptions: { insertSpaces: true, tabSize: 2 } }));
}

/** Whole or not at all: nginx may be reading it. */
function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
