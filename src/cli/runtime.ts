import { randomBytes, webcrypto } from 'node:crypto';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import type { Clock, FileFailure, Files, Random } from '../store/ports.ts';
import { FileError } from '../store/ports.ts';

/** Node's side of the ports; nginx has its own. */
export const nodeClock: Clock = { now: () => Date.now() };

export const nodeRandom: Random = { bytes: (length) => new Uint8Array(randomBytes(length)) };

export const nodeSubtle = webcrypto.subtle;

const failures: Readonly<Record<string, FileFailure>> = {
  ENOENT: 'absent',
  EEXIST: 'exists',
  ENOTEMPTY: 'not_empty',
};

function attempt<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    throw new FileError(failures[code] ?? 'other', error.message);
  }
}

const exclusive = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_SYNC;

export const nodeFiles: Files = {
  read: (path) => attempt(() => new Uint8Array(readFileSync(path))),
  create: (path, bytes) =>
    attempt(() => {
      const file = openSync(path, exclusive, 0o600);
      try {
        writeFileSync(file, bytes);
      } finally {
        closeSync(file);
      }
    }),
  symlink: (target, path) => attempt(() => symlinkSync(target, path)),
  readlink: (path) => attempt(() => readlinkSync(path)),
  rename: (from, to) => attempt(() => renameSync(from, to)),
  unlink: (path) => attempt(() => unlinkSync(path)),
  mkdir: (path) => attempt(() => mkdirSync(path, { recursive: true, mode: 0o700 }) === path),
  rmdir: (path) => attempt(() => rmdirSync(path)),
  list: (path) => attempt(() => readdirSync(path)),
  stat: (path) =>
    attempt(() => {
      const { mode, uid, size, mtimeMs } = statSync(path);
      return { mode, uid, size, mtime: mtimeMs };
    }),
};
