import { beforeEach, describe, expect, test } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey } from '../../src/crypto/sign.ts';
import {
  advanceSigningRing,
  ensureSigningRing,
  isRotationDue,
  jwksOf,
  readSigningRing,
  type SigningRing,
  signingKeyAt,
  withNewKey,
  withoutRetired,
} from '../../src/identity/signing-keys.ts';
import { type TestPorts, testPorts } from './ports.ts';

const hour = 3_600_000;
const schedule = { publish: hour, rotate: 24 * hour, retire: 2 * hour };
const now = 1_800_000_000_000;
const generate = () => generateSigningKey(nodeSubtle);

async function ringOf(...times: number[]): Promise<SigningRing> {
  let ring: SigningRing | null = null;
  for (const time of times) ring = withNewKey(ring, await generate(), time, schedule);
  if (ring === null) throw new Error('no time');
  return ring;
}

describe('the ring of signing keys', () => {
  test('the first key signs at once, the next after its time of publication', async () => {
    const ring = await ringOf(now, now + 23 * hour);
    const [first, second] = ring.keys;
    expect(first?.signsFrom).toBe(now);
    expect(second?.signsFrom).toBe(now + 24 * hour);
    expect(signingKeyAt(ring, now + 24 * hour - 1)?.kid).toBe(first?.kid);
    expect(signingKeyAt(ring, now + 24 * hour)?.kid).toBe(second?.kid);
  });

  test('a key is made so early that it is published before the last one has signed its time', async () => {
    const ring = await ringOf(now);
    expect(isRotationDue(ring, now + 23 * hour - 1, schedule)).toBe(false);
    expect(isRotationDue(ring, now + 23 * hour, schedule)).toBe(true);
    expect(isRotationDue(await ringOf(now, now + 23 * hour), now + 23 * hour, schedule)).toBe(false);
  });

  test('a key stays published after the next one signs, then goes', async () => {
    const ring = await ringOf(now, now + 23 * hour);
    expect(withoutRetired(ring, now + 26 * hour - 1, schedule)).toBeNull();
    expect(withoutRetired(ring, now + 26 * hour, schedule)?.keys.map(({ kid }) => kid)).toEqual([ring.keys[1]?.kid]);
  });

  test('a clock that jumped back before every key still finds one that verifies', async () => {
    const ring = await ringOf(now);
    expect(signingKeyAt(ring, now - 1000 * hour)?.kid).toBe(ring.keys[0]?.kid);
  });

  test('what is published holds no private half', async () => {
    const ring = await ringOf(now, now + 23 * hour);
    const { keys } = jwksOf(ring);
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });
});

describe('the stored ring', () => {
  let ports: TestPorts;
  beforeEach(() => {
    ports = testPorts();
  });

  test('is made once, whoever comes first', async () => {
    const made = await Promise.all([1, 2, 3].map(() => ensureSigningRing(ports.store, now, schedule, generate)));
    expect(new Set(made.map(({ value }) => value.keys[0]?.kid)).size).toBe(1);
  });

  test('an unreadable store makes no new ring', async () => {
    const store = { ...ports.store, get: () => Promise.reject(new Error('EIO')) };
    await expect(ensureSigningRing(store, now, schedule, generate)).rejects.toThrow('EIO');
    expect(await readSigningRing(ports.store)).toBeNull();
  });

  test('a day of ticks always has a published key that signs', async () => {
    const published = new Set<string>();
    for (let time = now; time < now + 100 * hour; time += hour / 2) {
      await advanceSigningRing(ports.store, time, schedule, generate);
      const ring = (await ensureSigningRing(ports.store, time, schedule, generate)).value;
      const signing = signingKeyAt(ring, time);
      if (signing === null) throw new Error('nothing signs');
      if (time > now) expect(published.has(signing.kid), `at ${(time - now) / hour} h`).toBe(true);
      for (const { kid } of ring.keys) published.add(kid);
      expect(ring.keys.length).toBeLessThanOrEqual(3);
    }
    expect(published.size).toBe(5);
  });
});
