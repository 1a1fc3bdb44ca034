import { chmodSync, chownSync, existsSync, lchownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { CommandError } from '../command-error.ts';
import { type Owner, ownerOf, unprivilegedOwner } from '../owner.ts';

export interface DataFolder {
  readonly path: string;
  /** Who owns it and whom nginx's workers run as. */
  readonly owner: Owner;
}

const fallback = '/var/lib/ngx-fido2';

/**
 * The data folder, mode 0700. For an ordinary user it is that user's. Started by root it belongs to somebody
 * without rights, and so do nginx's workers. `wanted` is undefined for the default, `.data` here.
 */
export function prepareDataFolder(wanted: string | undefined): DataFolder {
  const path = resolve(wanted ?? '.data');
  const uid = process.geteuid?.();
  const present = existsSync(path);
  if (present && !statSync(path).isDirectory()) {
    throw new CommandError(`${path} is not a folder`, 'name another one with --data DIR');
  }
  if (uid !== 0) {
    make(path);
    const owner = ownerOf(path);
    if (uid !== undefined && owner.uid !== uid) {
      throw new CommandError(`${path} belongs to ${owner.name}`, `start as ${owner.name}, or use another --data DIR`);
    }
    chmodSync(path, 0o700);
    return { path, owner };
  }
  const before = present ? ownerOf(path) : null;
  const owner = before !== null && before.uid !== 0 ? before : unprivilegedOwner();
  const blocked = unreachable(path, owner);
  if (blocked !== null && wanted === undefined) return prepareDataFolder(fallback);
  if (blocked !== null) {
    throw new CommandError(`${owner.name}, whom the workers run as, cannot enter ${blocked}`, `use --data ${fallback}`);
  }
  if (before?.uid === 0 && readdirSync(path).length > 0 && !existsSync(join(path, 'fido2.json'))) {
    throw new CommandError(`${path} belongs to root and holds something else`, 'name an empty folder with --data DIR');
  }
  make(path);
  if (before?.uid === 0 || !present) giveTo(path, owner);
  chmodSync(path, 0o700);
  return { path, owner };
}

function make(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandError(`${path} cannot be made: ${reason}`, 'name a folder that you may write with --data DIR');
  }
}

/** The first folder above `path` that the owner may not pass, or null. */
function unreachable(path: string, owner: Owner): string | null {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder)) {
      const { mode, uid, gid } = statSync(folder);
      const passes = uid === owner.uid ? mode & 0o100 : gid === owner.gid ? mode & 0o010 : mode & 0o001;
      if (passes === 0) return folder;
    }
    if (folder === dirname(folder)) return null;
  }
}

/** Links are given away themselves, never what they point to. */
function giveTo(path: string, owner: Owner): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    const inner = join(path, entry.name);
    if (entry.isDirectory()) giveTo(inner, owner);
    else lchownSync(inner, owner.uid, owner.gid);
  }
  chownSync(path, owner.uid, owner.gid);
}
