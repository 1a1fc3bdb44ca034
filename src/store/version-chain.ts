import { FileError, type Files } from './ports.ts';

/**
 * One record's folder: `1`, `2`, .. are symbolic links, the highest is the record. A link names the finished data
 * file beside it, or says that the record is deleted. To publish version n + 1 is to create the link n + 1, which
 * only one process can.
 *
 * A name that is free again would let a writer who looked long ago publish in the past. So links outlive their data
 * by `kept` versions, they go in ascending order, and a writer looks once more afterwards: while the version that
 * it replaced still has its link, the name above it was never given to another.
 */
export interface Head {
  readonly number: number;
  /** Name of the data file, or `deleted-` and a time. */
  readonly target: string;
}

export interface Listing {
  /** Ascending. */
  readonly numbers: readonly number[];
  /** Finished and unfinished data files alike. */
  readonly data: readonly string[];
}

const kept = 16;
/** Versions between two looks for links to remove. */
const prunedEvery = 8;
const numberForm = /^[1-9][0-9]{0,14}$/;

export function listChain(files: Files, folder: string): Listing {
  const names = absentAs(null, () => files.list(folder)) ?? [];
  return {
    numbers: names
      .filter((name) => numberForm.test(name))
      .map(Number)
      .sort((a, b) => a - b),
    data: names.filter((name) => !numberForm.test(name)),
  };
}

/** Every read of a record asks this, so it sorts nothing. 0: there is none. */
function highest(files: Files, folder: string): number {
  let number = 0;
  for (const name of absentAs(null, () => files.list(folder)) ?? []) {
    if (Number(name) > number && numberForm.test(name)) number = Number(name);
  }
  return number;
}

/** The highest version, or null. Listed again where it went between the two looks. */
export function headOf(files: Files, folder: string): Head | null {
  for (let attempt = 0; attempt < 100; attempt++) {
    const number = highest(files, folder);
    if (number === 0) return null;
    const target = absentAs(null, () => files.readlink(`${folder}/${number}`));
    if (target !== null) return { number, target };
  }
  throw new FileError('other', `${folder} changes faster than it can be read`);
}

/** The store's version of a record: its link's number and target. */
export const versionOf = ({ number, target }: Head): string => `${number}.${target}`;

/** The link that a version names. It may have been replaced since. */
export function headOfVersion(version: string): Head {
  const [number = '', target = ''] = version.split('.');
  return { number: Number(number), target };
}

/** Whether the link still stands. The head it is only if there is none above, which publishing finds out. */
export const isCurrent = (files: Files, folder: string, { number, target }: Head): boolean =>
  absentAs(null, () => files.readlink(`${folder}/${number}`)) === target;

/**
 * Publishes the link above `head`. `taken`: somebody else was first. `overtaken`: there is no telling, because the
 * chain moved on by more than is kept, or the deletion below was swept; nothing of ours is left then.
 */
export function publish(
  files: Files,
  folder: string,
  head: Head | null,
  target: string,
): 'done' | 'taken' | 'overtaken' {
  const number = (head?.number ?? 0) + 1;
  const link = `${folder}/${number}`;
  try {
    files.symlink(target, link);
  } catch (error) {
    if (error instanceof FileError && error.failure === 'exists') return 'taken';
    throw error;
  }
  const certain = head === null ? highest(files, folder) < number + kept : isCurrent(files, folder, head);
  if (certain) return 'done';
  remove(files, link);
  return 'overtaken';
}

/** Removes what version `number` replaced: its data at once, links that are no longer kept now and then. */
export function prune(files: Files, folder: string, replaced: Head, number: number): void {
  removeData(files, folder, replaced.target);
  if (number % prunedEvery !== 0) return;
  for (const old of listChain(files, folder).numbers) {
    if (old > number - kept) return;
    removeLink(files, folder, old);
  }
}

/** Removes the data of every version below `number`, which a killed process may have left. */
export function removeOldData(files: Files, folder: string, number: number): void {
  for (const old of listChain(files, folder).numbers) {
    if (old >= number) return;
    const target = absentAs(null, () => files.readlink(`${folder}/${old}`));
    if (target !== null) removeData(files, folder, target);
  }
}

/** Removes the links up to a deletion, the deletion's own last, and the folder if nothing else is in it. */
export function removeChain(files: Files, folder: string, deletion: Head): void {
  for (const number of listChain(files, folder).numbers) {
    if (number > deletion.number) return;
    removeLink(files, folder, number);
  }
  try {
    files.rmdir(folder);
  } catch (error) {
    if (!(error instanceof FileError) || (error.failure !== 'absent' && error.failure !== 'not_empty')) throw error;
  }
}

export const deletion = (now: number): string => `deleted-${now.toString(36)}`;
export const isDeletion = (target: string): boolean => target.startsWith('deleted-');

/** When a data file or deletion was named, in milliseconds since 1970. */
export function namedAt(target: string): number {
  const [first = '', second = ''] = target.split('-');
  return Number.parseInt(isDeletion(target) ? second : first, 36);
}

/** Unlinks; already gone is as good. */
export function remove(files: Files, path: string): void {
  absentAs(undefined, () => files.unlink(path));
}

/** The answer of `work`, or the other value where a file or folder is absent. Every other failure passes through. */
export function absentAs<T, U>(other: U, work: () => T): T | U {
  try {
    return work();
  } catch (error) {
    if (error instanceof FileError && error.failure === 'absent') return other;
    throw error;
  }
}

function removeData(files: Files, folder: string, target: string): void {
  if (!isDeletion(target)) remove(files, `${folder}/${target}`);
}

function removeLink(files: Files, folder: string, number: number): void {
  const target = absentAs(null, () => files.readlink(`${folder}/${number}`));
  if (target !== null) removeData(files, folder, target);
  remove(files, `${folder}/${number}`);
}
