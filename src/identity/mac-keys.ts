import { array, type GenericSchema, looseObject, number, string } from 'valibot';
import { fromBase64url, toBase64url } from '../bytes.ts';
import { deriveMacKey, type MacKey } from '../crypto/mac.ts';
import type { Subtle } from '../crypto/subtle.ts';
import { Fido2Error } from '../errors.ts';
import { macRingKey } from '../store/keys.ts';
import type { Clock, Random } from '../store/ports.ts';
import type { Store } from '../store/store.ts';
import { readRecord, type Versioned, version1 } from './record.ts';

/** What a MAC is for. Each has a key of its own, so that a value made for one use never holds for another. */
export type MacLabel = 'cookie' | 'challenge';

/** The ring as stored: the first key signs, all verify. */
export type MacRing = {
  readonly v: 1;
  readonly keys: readonly { readonly id: string; readonly secret: string; readonly created: number }[];
};

/** Keys derived for use. `find` is null for an id that is not in the ring. */
export interface MacKeys {
  readonly current: string;
  find(label: MacLabel, id: string): MacKey | null;
}

const ringSchema: GenericSchema<unknown, MacRing> = looseObject({
  v: version1,
  keys: array(looseObject({ id: string(), secret: string(), created: number() })),
});

const kept = 2;

export function readMacRing(store: Store): Promise<Versioned<MacRing> | null> {
  return readRecord(store, macRingKey, ringSchema);
}

interface RingPorts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** The ring, made now if there is none. Only "no such record" makes one: a failed read throws. */
export async function ensureMacRing(ports: RingPorts): Promise<Versioned<MacRing>> {
  const found = await readMacRing(ports.store);
  if (found !== null) return found;
  const value: MacRing = { v: 1, keys: [newKey(ports)] };
  const version = await ports.store.putIf(macRingKey, value, null);
  if (version !== null) return { value, version };
  const theirs = await readMacRing(ports.store);
  if (theirs === null) throw new Fido2Error('unfit', 'the ring of MAC keys cannot be read');
  return theirs;
}

/**
 * Puts a new key first. The one before it verifies on, so that nobody is signed out; with `now` it is dropped and
 * every cookie, challenge and session ends.
 */
export async function rotateMacRing(ports: RingPorts, { now }: { readonly now: boolean }): Promise<MacRing> {
  const { value, version } = await ensureMacRing(ports);
  const next: MacRing = { ...value, keys: [newKey(ports), ...(now ? [] : value.keys)].slice(0, kept) };
  if ((await ports.store.putIf(macRingKey, next, version)) === null) {
    throw new Fido2Error('store_unavailable', 'somebody else rotates the MAC keys now');
  }
  return next;
}

export async function deriveMacKeys(subtle: Subtle, ring: MacRing): Promise<MacKeys> {
  const [first] = ring.keys;
  if (first === undefined) throw new Fido2Error('unfit', 'the ring of MAC keys is empty');
  const derived = new Map<string, MacKey>();
  for (const { id, secret } of ring.keys) {
    const bytes = fromBase64url(secret);
    if (bytes === null || bytes.length !== 32) throw new Fido2Error('unfit', `MAC key ${id} is damaged`);
    for (const label of ['cookie', 'challenge'] as const) {
      derived.set(`${label}/${id}`, await deriveMacKey(subtle, bytes, `ngx-fido2/1/${label}`));
    }
  }
  return { current: first.id, find: (label, id) => derived.get(`${label}/${id}`) ?? null };
}

function newKey({ clock, random }: RingPorts): MacRing['keys'][number] {
  return { id: toBase64url(random.bytes(3)), secret: toBase64url(random.bytes(32)), created: clock.now() };
}
