import type { IdentityPorts, Versioned } from '../../identity/record.ts';
import { findUser, findUserByName, type User } from '../../identity/user.ts';
import { CommandError } from '../command-error.ts';
import { printable } from '../output.ts';

/** The user of that account name, or of that id. Throws CommandError if there is none. */
export async function requireUser(ports: IdentityPorts, name: string): Promise<Versioned<User>> {
  const user = (await findUserByName(ports, name)) ?? (await findUser(ports, name));
  if (user !== null) return user;
  throw new CommandError(`there is no user "${printable(name)}"`, 'ngx-fido2 users list shows who there is');
}
