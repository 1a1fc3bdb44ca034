import { fromUtf8, toHex, utf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { answer } from './answer.ts';
import { isKey } from './keys.ts';
import { type Clock, FileError, type Files, type Random } from './ports.ts';
import type { RecordValue, Store, StoredRecord } from './store.ts';
import {
  absentAs,
  deletion,
  headOf,
  headOfVersion,
  isCurrent,
  isDeletion,
  listChain,
  namedAt,
  prune,
  publish,
  remove,
  removeChain,
  removeOldData,
  versionOf,
} from './version-chain.ts';

export interface FileStoreOptions {
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  /** Absolute path of a folder that only its owner may enter. */
  readonly root: string;
  /** Told of each record that was set aside. */
  log(line: string): void;
}

/** How long a claim outlives its expiry and a deletion its record, so that a clock that jumps revives neither. */
const hour = 3_600_000;
const day = 24 * hour;
const sweptPerCall = 200;
const attempts = 100;

/**
 * The store in a folder, for every process on one machine:
 * `records/KEY.r/` holds a record's versions (version-chain.ts), `claims/` a link per claim whose target is its
 * expiry, `deleted/` a link per deleted record for sweep, `broken/` what was set aside.
 * Its promises hold through kill -9; there is no fsync of folders here, so power loss may undo the last writes.
 */
export function createFileStore({ files, clock, random, root, log }: FileStoreOptions): Store {
  const folderOf = (key: string): string => {
    if (!isKey(key)) throw new Fido2Error('error', `${JSON.stringify(key)} is not a record's key`);
    return `${root}/records/${key}.r`;
  };
  const flat = (key: string): string => key.replaceAll('/', '.');
  const freshName = (): string => `${clock.now().toString(36)}-${toHex(random.bytes(8))}`;

  /** Symbolic links and files are made where no folder may be yet, or no longer. */
  function inFolder(folder: string, make: () => void): void {
    for (let attempt = 0; ; attempt++) {
      try {
        make();
        return;
      } catch (error) {
        if (!(error instanceof FileError) || error.failure !== 'absent' || attempt === attempts) throw error;
        files.mkdir(folder);
      }
    }
  }

  function moveAside(key: string, reason: string): void {
    files.mkdir(`${root}/broken`);
    const place = `broken/${flat(key)}.${freshName()}`;
    absentAs(undefined, () => files.rename(folderOf(key), `${root}/${place}`));
    log(`record ${key} set aside as ${place}: ${reason}`);
  }

  function read(key: string): StoredRecord | null {
    const folder = folderOf(key);
    let missing = '';
    for (let attempt = 0; attempt < attempts; attempt++) {
      const head = headOf(files, folder);
      if (head === null || isDeletion(head.target)) return null;
      const bytes = absentAs(null, () => files.read(`${folder}/${head.target}`));
      if (bytes !== null) {
        const value = parse(bytes);
        if (typeof value !== 'string') return { value, version: versionOf(head) };
        moveAside(key, value);
        return null;
      }
      // Replaced between the two looks, unless it is still the head: the head's data is never removed.
      if (missing === head.target) {
        moveAside(key, 'its data file is missing');
        return null;
      }
      missing = head.target;
    }
    throw new FileError('other', `${key} changes faster than it can be read`);
  }

  function parse(bytes: Uint8Array): RecordValue | string {
    let value: unknown;
    try {
      value = JSON.parse(fromUtf8(bytes) ?? '');
    } catch (error) {
      return `not JSON (${bytes.length} bytes, ${error instanceof Error ? error.name : 'error'})`;
    }
    if (typeof value !== 'object' || value === null || !('v' in value)) return 'no version member v';
    if (typeof value.v === 'number' && value.v > 1) {
      throw new Fido2Error('store_unavailable', `a record of version ${value.v} was written by a newer ngx-fido2`);
    }
    return isRecordValue(value) ? value : 'its version member v is not 1';
  }

  function put(key: string, value: RecordValue, version: string | null): string | null {
    const bytes = utf8(JSON.stringify(value));
    return version === null ? create(key, bytes) : replace(key, bytes, version);
  }

  function create(key: string, bytes: Uint8Array): string | null {
    const folder = folderOf(key);
    for (let attempt = 0; attempt < attempts; attempt++) {
      const head = files.mkdir(folder) ? null : headOf(files, folder);
      if (head !== null && !isDeletion(head.target)) return null;
      const name = freshName();
      inFolder(folder, () => files.create(`${folder}/${name}`, bytes));
      const outcome = absentAs('overtaken' as const, () => publish(files, folder, head, name));
      if (outcome === 'done') {
        if (head !== null) prune(files, folder, head, head.number + 1);
        return versionOf({ number: (head?.number ?? 0) + 1, target: name });
      }
      remove(files, `${folder}/${name}`);
    }
    throw new FileError('other', `${key} changes faster than it can be written`);
  }

  function replace(key: string, bytes: Uint8Array, version: string): string | null {
    const folder = folderOf(key);
    const head = headOfVersion(version);
    if (!isCurrent(files, folder, head)) return null;
    const name = freshName();
    return absentAs(null, () => {
      files.create(`${folder}/${name}`, bytes);
      if (publish(files, folder, head, name) === 'done') {
        prune(files, folder, head, head.number + 1);
        return versionOf({ number: head.number + 1, target: name });
      }
      remove(files, `${folder}/${name}`);
      return null;
    });
  }

  function erase(key: string, version: string): boolean {
    const folder = folderOf(key);
    const head = headOf(files, folder);
    if (head === null || versionOf(head) !== version) return false;
    const note = `${root}/deleted/${freshName()}`;
    inFolder(`${root}/deleted`, () => files.symlink(key, note));
    const outcome = publish(files, folder, head, deletion(clock.now()));
    if (outcome === 'overtaken') throw new FileError('other', `${key} moved on during the deletion`);
    if (outcome === 'taken') remove(files, note);
    else removeOldData(files, folder, head.number + 1);
    return outcome === 'done';
  }

  function claim(key: string, expires: number): boolean {
    if (!isKey(key)) throw new Fido2Error('error', `${JSON.stringify(key)} is not a claim's key`);
    try {
      inFolder(`${root}/claims`, () => files.symlink(String(expires), `${root}/claims/${flat(key)}`));
      return true;
    } catch (error) {
      if (error instanceof FileError && error.failure === 'exists') return false;
      throw error;
    }
  }

  function keysBelow(prefix: string): string[] {
    if (!isKey(prefix)) throw new Fido2Error('error', `${JSON.stringify(prefix)} is not a prefix of keys`);
    const names = absentAs(null, () => files.list(`${root}/records/${prefix}`)) ?? [];
    return names
      .filter((name) => name.endsWith('.r'))
      .map((name) => `${prefix}/${name.slice(0, -2)}`)
      .filter((key) => {
        const head = headOf(files, folderOf(key));
        return head !== null && !isDeletion(head.target);
      });
  }

  /** Some entries of a folder of links, from a random place on, so that each call's work is bounded. */
  function someLinks(folder: string): { path: string; name: string; target: string }[] {
    const names = absentAs(null, () => files.list(folder)) ?? [];
    const [high = 0, low = 0] = random.bytes(2);
    const from = names.length > sweptPerCall ? (high * 256 + low) % names.length : 0;
    return [...names.slice(from), ...names.slice(0, from)].slice(0, sweptPerCall).flatMap((name) => {
      const path = `${folder}/${name}`;
      const target = absentAs(null, () => files.readlink(path));
      return target === null ? [] : [{ path, name, target }];
    });
  }

  function sweep(): void {
    const now = clock.now();
    for (const { path, target } of someLinks(`${root}/claims`)) {
      if (Number(target) < now - hour) remove(files, path);
    }
    for (const { path, name, target: key } of someLinks(`${root}/deleted`)) {
      if (namedAt(name) > now - day) continue;
      const folder = folderOf(key);
      const head = headOf(files, folder);
      const deleted = head !== null && isDeletion(head.target);
      if (deleted && namedAt(head.target) > now - day) continue;
      if (deleted) {
        for (const name of listChain(files, folder).data) {
          if (namedAt(name) < now - day) remove(files, `${folder}/${name}`);
        }
        removeChain(files, folder, head);
      }
      remove(files, path);
    }
  }

  async function lease(key: string, holder: string, milliseconds: number): Promise<boolean> {
    return answer(() => {
      const now = clock.now();
      const current = read(key);
      const until = current?.value.until;
      if (current?.value.holder !== holder && typeof until === 'number' && until > now) return false;
      return put(key, { v: 1, holder, until: now + milliseconds }, current?.version ?? null) !== null;
    });
  }

  return {
    get: async (key) => answer(() => read(key)),
    putIf: async (key, value, version) => answer(() => put(key, value, version)),
    deleteIf: async (key, version) => answer(() => erase(key, version)),
    list: async (prefix) => answer(() => keysBelow(prefix)),
    takeOnce: async (key, expires) => answer(() => claim(key, expires)),
    lease,
    setAside: async (key, version, reason) =>
      answer(() => {
        const head = headOf(files, folderOf(key));
        if (head !== null && versionOf(head) === version) moveAside(key, reason);
      }),
    sweep: async () => answer(sweep),
  };
}

function isRecordValue(value: object): value is RecordValue {
  return 'v' in value && value.v === 1;
}
