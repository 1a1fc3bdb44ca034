import { type GenericSchema, getDotPath, literal, safeParse } from 'valibot';
import { toBase64url } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import type { Clock, Random } from '../store/ports.ts';
import type { RecordValue, Store } from '../store/store.ts';

/** What the functions of identity/ need of the world. */
export interface IdentityPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What suffices to read. */
export type ReadPorts = Pick<IdentityPorts, 'store' | 'sha256'>;

export interface Versioned<T> {
  readonly value: T;
  /** The store's version, for a compare-and-set. */
  readonly version: string;
}

/** The envelope's version member. The store has refused newer versions before a schema sees them. */
export const version1 = literal(1);

/**
 * Reads a record into its type. One that does not fit is set aside (the store logs why) and counts as absent, so
 * that it stops nobody but its owner. Use loose schemas: a member that this version does not know stays.
 */
export async function readRecord<T>(
  store: Store,
  key: string,
  schema: GenericSchema<unknown, T>,
): Promise<Versioned<T> | null> {
  const stored = await store.get(key);
  if (stored === null) return null;
  const parsed = safeParse(schema, stored.value);
  if (parsed.success) return { value: parsed.output, version: stored.version };
  const [issue] = parsed.issues;
  await store.setAside(key, stored.version, `${getDotPath(issue) ?? 'record'}: ${issue.message}`);
  return null;
}

const attempts = 32;

/**
 * Compare-and-set with bounded retry. `change` returns the new record, or null to leave it as it is.
 * Throws `not_found`, and `store_unavailable` when others were faster every time. `known` is the record as it was
 * read a moment ago, which saves a look where nobody changed it meanwhile.
 */
export async function updateRecord<T extends RecordValue>(
  store: Store,
  key: string,
  schema: GenericSchema<unknown, T>,
  change: (value: T) => T | null,
  known: Versioned<T> | null = null,
): Promise<Versioned<T>> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current: Versioned<T> | null = attempt === 0 && known !== null ? known : await readRecord(store, key, schema);
    if (current === null) throw new Fido2Error('not_found', `no record ${key}`);
    const next = change(current.value);
    if (next === null) return current;
    const version = await store.putIf(key, next, current.version);
    if (version !== null) return { value: next, version };
  }
  throw new Fido2Error('store_unavailable', `${key} changed under each of ${attempts} attempts`);
}

/** Deletes a record whatever its version. False if there was none. */
export async function deleteRecord(store: Store, key: string): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await store.get(key);
    if (current === null) return false;
    if (await store.deleteIf(key, current.version)) return true;
  }
  throw new Fido2Error('store_unavailable', `${key} changed under each of ${attempts} attempts`);
}

/** base64url of the SHA-256: the key's part for what a person or a client chose. */
export async function digestPart(ports: ReadPorts, bytes: Uint8Array): Promise<string> {
  return toBase64url(await ports.sha256(bytes));
}
