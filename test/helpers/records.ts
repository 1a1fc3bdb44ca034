import type { IdentityPorts } from '../../src/identity/record.ts';
import { findUserByName, type User } from '../../src/identity/user.ts';

/** The user's record as it is now; throws where there is none. */
export async function readUser({ ports }: { readonly ports: IdentityPorts }, name: string): Promise<User> {
  const found = await findUserByName(ports, name);
  if (found === null) throw new Error(`there is no user ${name}`);
  return found.value;
}
