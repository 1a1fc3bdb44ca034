import { createHash } from 'node:crypto';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { createFileStore } from '../../src/store/file.ts';
import { FileError, type Files } from '../../src/store/ports.ts';

/** A file system in memory with the store's few operations; folders are the paths that end in a slash. */
export function memoryFiles(): Files {
  const files = new Map<string, Uint8Array | string>();
  const folders = new Set<string>(['']);
  const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));
  const add = (path: string, content: Uint8Array | string): void => {
    if (!folders.has(parentOf(path))) throw new FileError('absent', parentOf(path));
    if (files.has(path)) throw new FileError('exists', path);
    files.set(path, content);
  };
  const take = (path: string): Uint8Array | string => {
    const content = files.get(path);
    if (content === undefined) throw new FileError('absent', path);
    return content;
  };
  const below = (path: string): string[] => {
    const names = [...files.keys(), ...folders].filter((each) => each !== '' && parentOf(each) === path);
    return names.map((each) => each.slice(path.length + 1));
  };
  return {
    read: (path) => {
      const content = take(path);
      if (typeof content === 'string') throw new FileError('other', `${path} is a link`);
      return content;
    },
    create: add,
    symlink: (target, path) => add(path, target),
    readlink: (path) => String(take(path)),
    rename: (from, to) => {
      if (!folders.delete(from)) throw new FileError('absent', from);
      folders.add(to);
      for (const name of below(from)) {
        files.set(`${to}/${name}`, take(`${from}/${name}`));
        files.delete(`${from}/${name}`);
      }
    },
    unlink: (path) => {
      if (!files.delete(path)) throw new FileError('absent', path);
    },
    mkdir: (path) => {
      const made = !folders.has(path) && folders.has(parentOf(path));
      for (let each = path; each !== ''; each = parentOf(each)) folders.add(each);
      return made;
    },
    rmdir: (path) => {
      if (below(path).length > 0) throw new FileError('not_empty', path);
      if (!folders.delete(path)) throw new FileError('absent', path);
    },
    list: (path) => {
      if (!folders.has(path)) throw new FileError('absent', path);
      return below(path);
    },
    stat: (path) => ({ mode: 0o700, uid: 0, size: String(take(path)).length, mtime: 0 }),
  };
}

export interface TestPorts extends IdentityPorts {
  /** The time; set it. */
  time: number;
  readonly log: string[];
}

/** Ports on a file store in memory, with a clock that stands still and random bytes that count. */
export function testPorts(): TestPorts {
  let counter = 0;
  const log: string[] = [];
  const clock = { now: () => ports.time };
  const random = {
    bytes: (length: number) =>
      new Uint8Array(createHash('shake256', { outputLength: length }).update(`${counter++}`).digest()),
  };
  const store = createFileStore({ files: memoryFiles(), clock, random, root: '/data', log: (line) => log.push(line) });
  const ports: TestPorts = {
    time: 1_700_000_000_000,
    log,
    store,
    clock,
    random,
    sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  };
  return ports;
}
