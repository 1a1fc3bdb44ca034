import { readFileSync, statSync } from 'node:fs';
import { CommandError } from './command-error.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** The user that a folder belongs to, with that user's own group where the user has an entry. */
export function ownerOf(folder: string): Owner {
  const { uid, gid } = statSync(folder);
  return accounts().find((account) => account.uid === uid) ?? { uid, gid, name: `user ${uid}` };
}

/** Who runs this, by the name that sudo tells where it was used. A user without an entry has a number only. */
export function callerName(): string {
  const uid = process.getuid?.() ?? -1;
  const name = accounts().find((account) => account.uid === uid)?.name ?? `user ${uid}`;
  return uid === 0 ? (process.env.SUDO_USER ?? name) : name;
}

/** Somebody without rights, whom nginx's workers may run as; the first that this machine has. */
export function unprivilegedOwner(): Owner {
  const all = accounts();
  for (const name of ['www-data', 'nginx', 'nobody']) {
    const account = all.find((each) => each.name === name && each.uid !== 0);
    if (account !== undefined) return account;
  }
  throw new CommandError('this machine has no user www-data, nginx or nobody', 'start as an ordinary user');
}

/** Turns root into the folder's owner for good; refuses everybody else who is not the owner. */
export function becomeOwnerOf(folder: string): void {
  const uid = process.geteuid?.();
  if (uid === undefined) return;
  const owner = ownerOf(folder);
  if (uid === owner.uid) return;
  if (uid !== 0) {
    throw new CommandError(`${folder} belongs to ${owner.name}`, `run this as ${owner.name}, or as root`);
  }
  becomeUser(owner);
}

/** Gives up root's rights for good. */
export function becomeUser({ uid, gid }: Pick<Owner, 'uid' | 'gid'>): void {
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

/** Does the work as the owner, for a root who goes on as root afterwards. Synchronous: nothing else runs meanwhile. */
export function asOwner<T>(owner: Owner, work: () => T): T {
  if (process.geteuid?.() !== 0 || owner.uid === 0) return work();
  process.setegid?.(owner.gid);
  process.seteuid?.(owner.uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

function accounts(): Owner[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .filter((fields) => fields.length >= 4)
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
