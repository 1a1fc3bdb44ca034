import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { findUserByName, type User } from '../../src/identity/user.ts';

/** The user's record as it is now; throws where there is none. */
export async function readUser({ ports }: { readonly ports: IdentityPorts }, name: string): Promise<User> {
  const found = await findUserByName(ports, name);
  if (found === null) throw new Error(`there is no user ${name}`);
  return found.value;
}

/** fido2.json as it stands. */
export function readSettings({ folder }: { readonly folder: string }): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, 'fido2.json'), 'utf8')) as Record<string, unknown>;
}
