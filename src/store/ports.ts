/** What the layers below nginx/ and cli/ need of the world. nginx/runtime.ts and cli/runtime.ts implement it. */

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export interface Random {
  bytes(length: number): Uint8Array;
}

/** Why a file operation failed. `absent` and `exists` are answers; everything else may pass and is never "absent". */
export type FileFailure = 'absent' | 'exists' | 'not_empty' | 'other';

export class FileError extends Error {
  readonly failure: FileFailure;
  constructor(failure: FileFailure, detail: string) {
    super(detail);
    this.name = 'FileError';
    this.failure = failure;
  }
}

/** Synchronous, as njs's fs is. Paths are absolute. Every method throws FileError. */
export interface Files {
  read(path: string): Uint8Array;
  /** Creates the file (O_EXCL), mode 0600, and writes it whole with O_SYNC where the runtime has it. */
  create(path: string, bytes: Uint8Array): void;
  /** Atomic and exclusive: throws `exists`. `target` is only text. */
  symlink(target: string, path: string): void;
  readlink(path: string): string;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  /** Mode 0700, parents included. True where this call made it in a parent that was there, false where that is unknown. */
  mkdir(path: string): boolean;
  rmdir(path: string): void;
  list(path: string): string[];
  stat(path: string): { readonly mode: number; readonly uid: number; readonly size: number; readonly mtime: number };
}
