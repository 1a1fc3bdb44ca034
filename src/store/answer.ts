import { Fido2Error } from '../errors.ts';
import { FileError } from './ports.ts';

/** A file operation that fails is an answer that cannot be had, never "no such record". */
export function answer<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof FileError) throw new Fido2Error('store_unavailable', error.message, { cause: error });
    throw error;
  }
}
