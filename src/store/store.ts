/**
 * The one interface to records that outlive nginx. Keys are slash-separated names of [A-Za-z0-9_-] parts
 * (store/keys.ts makes them); values are JSON documents with a version of their own, `{"v": 1, ...}`.
 *
 * Every method throws Fido2Error('store_unavailable') when the answer cannot be had: that is never "no such record".
 */
export interface Store {
  /** The record, or null if there is none. A record of a newer `v` than 1 is refused with 'store_unavailable'. */
  get(key: string): Promise<StoredRecord | null>;
  /**
   * Publishes the value only if the record's version is still the given one (null: only if there is no record).
   * The new version, or null when somebody else was first. Survives kill -9 at any point: the record is then
   * either the old or the new one, whole.
   */
  putIf(key: string, value: RecordValue, version: string | null): Promise<string | null>;
  /** Deletes the record if its version is still the given one. False when somebody else was first. */
  deleteIf(key: string, version: string): Promise<boolean>;
  /** Keys of the live records directly below the prefix (`sessions/u1` lists `sessions/u1/s1`), in no order. */
  list(prefix: string): Promise<string[]>;
  /** True for exactly one caller per key until `expires` (milliseconds since 1970), over all processes. */
  takeOnce(key: string, expires: number): Promise<boolean>;
  /** True while the holder has the lease: taken anew, renewed, or taken over after its end. */
  lease(key: string, holder: string, milliseconds: number): Promise<boolean>;
  /**
   * Moves a record that holds what it must not hold out of the way, if its version is still the given one, keeps
   * its bytes for a person to look at, and logs the reason. It is then gone for every other method.
   */
  setAside(key: string, version: string, reason: string): Promise<void>;
  /** Removes what is left of deleted records and expired claims; a bounded amount of work a call. */
  sweep(): Promise<void>;
}

export type RecordValue = { readonly v: 1 } & Readonly<Record<string, unknown>>;

export interface StoredRecord {
  readonly value: RecordValue;
  /** Opaque; never reused for another content of the same key. */
  readonly version: string;
}
