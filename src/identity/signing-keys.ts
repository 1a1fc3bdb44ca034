import { array, type GenericSchema, literal, looseObject, number, string } from 'valibot';
import type { PrivateJwk, PublicJwk } from '../crypto/sign.ts';
import { Fido2Error } from '../errors.ts';
import { signingRingKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { readRecord, updateRecord, type Versioned, version1 } from './record.ts';

/**
 * The ring of token keys. A key is published first, signs later, and stays published until the last token made
 * with it and the slowest cache are gone. Everything here is a function of (ring, now): no clock, no I/O.
 */
export type SigningKeyRecord = {
  readonly kid: string;
  readonly publicJwk: PublicJwk;
  readonly privateJwk: PrivateJwk;
  /** Milliseconds since 1970, as all times here. */
  readonly created: number;
  readonly signsFrom: number;
};

export type SigningRing = {
  readonly v: 1;
  /** By `signsFrom`, ascending. */
  readonly keys: readonly SigningKeyRecord[];
};

/** Milliseconds. */
export interface KeySchedule {
  /** How long a key is published before it signs: longer than the slowest mesh cache. */
  readonly publish: number;
  readonly rotate: number;
  /** How long a key stays published after the next one signs. */
  readonly retire: number;
}

export type NewKey = Pick<SigningKeyRecord, 'kid' | 'publicJwk' | 'privateJwk'>;

const publicJwk = { kty: literal('EC'), crv: literal('P-256'), x: string(), y: string() } as const;

const ringSchema: GenericSchema<unknown, SigningRing> = looseObject({
  v: version1,
  keys: array(
    looseObject({
      kid: string(),
      publicJwk: looseObject(publicJwk),
      privateJwk: looseObject({ ...publicJwk, d: string() }),
      created: number(),
      signsFrom: number(),
    }),
  ),
});

export function readSigningRing(store: Store): Promise<Versioned<SigningRing> | null> {
  return readRecord(store, signingRingKey, ringSchema);
}

/** The key that signs now: the newest whose time has come, else the oldest (a clock that jumped back). */
export function signingKeyAt(ring: SigningRing, now: number): SigningKeyRecord | null {
  const due = ring.keys.filter((key) => key.signsFrom <= now);
  return due[due.length - 1] ?? ring.keys[0] ?? null;
}

export function isRotationDue(ring: SigningRing | null, now: number, schedule: KeySchedule): boolean {
  const newest = ring?.keys[ring.keys.length - 1];
  return newest === undefined || now >= newest.signsFrom + schedule.rotate - schedule.publish;
}

/** The ring with the new key. The first of all signs at once, for nobody has cached a set without it. */
export function withNewKey(ring: SigningRing | null, key: NewKey, now: number, schedule: KeySchedule): SigningRing {
  const keys = ring?.keys ?? [];
  const signsFrom = keys.length === 0 ? now : now + schedule.publish;
  return { v: 1, keys: [...keys, { ...key, created: now, signsFrom }] };
}

/** The ring without the keys whose time is over, or null where there are none. */
export function withoutRetired(ring: SigningRing, now: number, schedule: KeySchedule): SigningRing | null {
  const keys = ring.keys.filter((_, index) => {
    const next = ring.keys[index + 1];
    return next === undefined || now < next.signsFrom + schedule.retire;
  });
  return keys.length === ring.keys.length ? null : { ...ring, keys };
}

/**
 * The ring without keys that are no longer to be trusted. Where the one that signs is among them the new key signs at
 * once, although nobody has fetched it yet: a token that some upstream cannot verify is better than a forged one.
 */
export function withoutRevoked(ring: SigningRing, kids: readonly string[], key: NewKey, now: number): SigningRing {
  const kept = ring.keys.filter(({ kid }) => !kids.includes(kid));
  const signer = signingKeyAt(ring, now);
  if (signer !== null && !kids.includes(signer.kid)) return { ...ring, keys: kept };
  const added = [...kept, { ...key, created: now, signsFrom: now }];
  return { ...ring, keys: added.sort((a, b) => a.signsFrom - b.signsFrom) };
}

/** Until when the key stays published, or null while no other one is to sign after it. */
export function publishedUntil(ring: SigningRing, kid: string, { retire }: KeySchedule): number | null {
  const next = ring.keys[ring.keys.findIndex((key) => key.kid === kid) + 1];
  return next === undefined ? null : next.signsFrom + retire;
}

/** Compare-and-set with retry: `choose` says which keys of the ring as it is. Throws `not_found`, `store_unavailable`. */
export async function revokeSigningKeys(
  store: Store,
  choose: (ring: SigningRing) => readonly string[],
  key: NewKey,
  now: number,
): Promise<SigningRing> {
  const change = (ring: SigningRing) => withoutRevoked(ring, choose(ring), key, now);
  return (await updateRecord(store, signingRingKey, ringSchema, change)).value;
}

/** A JSON Web Key Set (RFC 7517) of what is published. */
export function jwksOf(ring: SigningRing): { keys: Record<string, string>[] } {
  return {
    keys: ring.keys.map(({ kid, publicJwk: { kty, crv, x, y } }) => ({
      kty,
      crv,
      x,
      y,
      kid,
      alg: 'ES256',
      use: 'sig',
    })),
  };
}

/** The ring, made now if there is none. Only "no such record" makes one: a failed read throws. */
export async function ensureSigningRing(
  store: Store,
  now: number,
  schedule: KeySchedule,
  generate: () => Promise<NewKey>,
): Promise<Versioned<SigningRing>> {
  const found = await readSigningRing(store);
  if (found !== null) return found;
  const value = withNewKey(null, await generate(), now, schedule);
  const version = await store.putIf(signingRingKey, value, null);
  if (version !== null) return { value, version };
  const theirs = await readSigningRing(store);
  if (theirs === null) throw new Fido2Error('unfit', 'the ring of signing keys cannot be read');
  return theirs;
}

/**
 * Does what is due: a new key published, keys whose time is over dropped. True where the ring changed; false also
 * where somebody else changed it at the same moment.
 */
export async function advanceSigningRing(
  store: Store,
  now: number,
  schedule: KeySchedule,
  generate: () => Promise<NewKey>,
): Promise<boolean> {
  const { value, version } = await ensureSigningRing(store, now, schedule, generate);
  let next = withoutRetired(value, now, schedule);
  if (isRotationDue(next ?? value, now, schedule)) {
    next = withNewKey(next ?? value, await generate(), now, schedule);
  }
  return next !== null && (await store.putIf(signingRingKey, next, version)) !== null;
}
