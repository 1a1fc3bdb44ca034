import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandError } from '../command-error.ts';
import { type Owner, ownerOf, unprivilegedOwner } from '../owner.ts';

export interface DataFolder {
  /** Absolute, without links. */
  readonly path: string;
  /** Who owns it and whom nginx's workers run as. */
  readonly owner: Owner;
}

/** Where root's data folders really stand if the workers' user cannot enter the place that was named. */
const reachablePlace = '/var/lib/ngx-fido2';

/**
 * The data folder, mode 0700. For an ordinary user it is that user's. Started by root it belongs to somebody
 * without rights, and so do nginx's workers.
 */
export function prepareDataFolder(wanted: string): DataFolder {
  const path = existsSync(wanted) ? realpathSync(wanted) : resolve(wanted);
  if (existsSync(path) && !statSync(path).isDirectory()) {
    throw new CommandError(`${path} is not a folder`, 'name another one with --data DIR');
  }
  const data = process.geteuid?.() === 0 ? prepareForWorkers(path) : prepareForMe(path);
  chmodSync(data.path, 0o700);
  return data;
}

function prepareForMe(path: string): DataFolder {
  make(path);
  const owner = ownerOf(path);
  const uid = process.geteuid?.();
  if (uid === undefined || owner.uid === uid) return { path, owner };
  throw new CommandError(`${path} belongs to ${owner.name}`, `start as ${owner.name}, or use another --data DIR`);
}

function prepareForWorkers(path: string): DataFolder {
  const before = existsSync(path) ? ownerOf(path) : null;
  const owner = before !== null && before.uid !== 0 ? before : unprivilegedOwner();
  const isEmpty = before === null || readdirSync(path).length === 0;
  const blocked = unreachable(path, owner);
  if (blocked !== null) {
    if (isEmpty) return { path: makeElsewhere(path, owner), owner };
    const hint = 'start as an ordinary user, or name a new folder with --data DIR';
    throw new CommandError(`${owner.name}, whom the workers run as, cannot enter ${blocked}`, hint);
  }
  if (before?.uid === 0 && !isEmpty && !existsSync(join(path, 'fido2.json'))) {
    throw new CommandError(`${path} belongs to root and holds something else`, 'name an empty folder with --data DIR');
  }
  make(path);
  if (before === null || before.uid === 0) giveTo(path, owner);
  return { path, owner };
}

/** A folder that the workers' user can enter, and a link to it from where it was wanted. */
function makeElsewhere(path: string, owner: Owner): string {
  mkdirSync(reachablePlace, { recursive: true, mode: 0o755 });
  const folder = mkdtempSync(join(reachablePlace, `${basename(path)}-`));
  chownSync(folder, owner.uid, owner.gid);
  if (existsSync(path)) rmdirSync(path);
  else make(dirname(path));
  symlinkSync(folder, path);
  return folder;
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
