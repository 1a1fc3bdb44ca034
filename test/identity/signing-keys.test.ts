import { createLocalJWKSet, jwtVerify } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey, importSigningKey, type SigningKey, signJwt } from '../../src/crypto/sign.ts';
import {
  advanceSigningRing,
  ensureSigningRing,
  isRotationDue,
  jwksOf,
  type NewKey,
  publishedUntil,
  readSigningRing,
  revokeSigningKeys,
  type SigningRing,
  signingKeyAt,
  withNewKey,
  withoutRetired,
  withoutRevoked,
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

describe('revocation', () => {
  const publicJwk = { kty: 'EC', crv: 'P-256', x: '', y: '' } as const;
  const fresh: NewKey = { kid: 'fresh', publicJwk, privateJwk: { ...publicJwk, d: '' } };
  const three = async (): Promise<SigningRing> => ringOf(now - 50 * hour, now - 24 * hour, now - hour / 2);

  test('of the one that signs: a new one signs at once, the published one in its time', async () => {
    const ring = await three();
    const [old, signer, next] = ring.keys;
    expect(signingKeyAt(ring, now)?.kid).toBe(signer?.kid);
    const left = withoutRevoked(ring, [signer?.kid ?? ''], fresh, now);
    expect(left.keys.map(({ kid }) => kid)).toEqual([old?.kid, 'fresh', next?.kid]);
    expect(signingKeyAt(left, now)?.kid).toBe('fresh');
    expect(signingKeyAt(left, now + hour)?.kid).toBe(next?.kid);
  });

  test('of another one: nothing new is made', async () => {
    const ring = await three();
    const [old, signer, next] = ring.keys;
    for (const gone of [old, next]) {
      const left = withoutRevoked(ring, [gone?.kid ?? ''], fresh, now);
      expect(left.keys.map(({ kid }) => kid)).toEqual(ring.keys.filter((key) => key !== gone).map(({ kid }) => kid));
      expect(signingKeyAt(left, now)?.kid).toBe(signer?.kid);
    }
  });

  test('of all of them: the new one alone', async () => {
    const ring = await three();
    const kids = ring.keys.map(({ kid }) => kid);
    expect(withoutRevoked(ring, kids, fresh, now).keys.map(({ kid }) => kid)).toEqual(['fresh']);
  });

  test('looks at the ring as it is, whoever changed it meanwhile', async () => {
    const { store } = testPorts();
    await expect(revokeSigningKeys(store, () => [], fresh, now)).rejects.toMatchObject({ code: 'not_found' });
    await ensureSigningRing(store, now, schedule, generate);
    const current = (ring: SigningRing) => [signingKeyAt(ring, now)?.kid ?? ''];
    const left = await revokeSigningKeys(store, current, fresh, now);
    expect(left.keys.map(({ kid }) => kid)).toEqual(['fresh']);
    expect((await readSigningRing(store))?.value).toEqual(left);
  });

  test('a key stays published until the next one has signed for a while', async () => {
    const ring = await three();
    const [old, , next] = ring.keys;
    expect(publishedUntil(ring, old?.kid ?? '', schedule)).toBe((ring.keys[1]?.signsFrom ?? 0) + schedule.retire);
    expect(publishedUntil(ring, next?.kid ?? '', schedule)).toBeNull();
  });
});

describe('rotation under load', () => {
  const second = 1000;
  const ttl = 60 * second;
  // the fastest that the settings allow
  const fast = { publish: 60 * second, rotate: 120 * second, retire: ttl + 60 * second };

  /** Signs each second through five rotations; the tokens that a verifier refused that fetches the set this rarely. */
  async function refusedBy(cacheLife: number): Promise<{ refused: number; kids: number }> {
    const { store } = testPorts();
    const tokens: { token: string; end: number }[] = [];
    const kids = new Set<string>();
    const signers = new Map<string, SigningKey>();
    let cache: { keys: ReturnType<typeof createLocalJWKSet>; end: number } | null = null;
    let refused = 0;
    for (let time = now; time < now + 11 * 60 * second; time += second) {
      await advanceSigningRing(store, time, fast, generate);
      const ring = (await readSigningRing(store))?.value;
      const key = ring === undefined ? null : signingKeyAt(ring, time);
      if (ring === undefined || key === null) throw new Error('no key');
      const signer = signers.get(key.kid) ?? (await importSigningKey(nodeSubtle, key));
      signers.set(key.kid, signer);
      kids.add(key.kid);
      const iat = time / second;
      tokens.push({ token: await signJwt(signer, { typ: 'JWT' }, { iat, exp: iat + ttl / second }), end: time + ttl });
      if (cache === null || time >= cache.end) {
        cache = { keys: createLocalJWKSet(jwksOf(ring)), end: time + cacheLife };
      }
      // the newest token, and the oldest that is good still
      while ((tokens[0]?.end ?? 0) <= time) tokens.shift();
      for (const { token } of [tokens[0], tokens.at(-1)].filter((each) => each !== undefined)) {
        const verified = jwtVerify(token, cache.keys, { currentDate: new Date(time) });
        refused += await verified.then(
          () => 0,
          () => 1,
        );
      }
    }
    return { refused, kids: kids.size };
  }

  test.each([60, 47])('no token is refused by a verifier that fetches the key set every %d s', async (seconds) => {
    expect(await refusedBy(seconds * second)).toEqual({ refused: 0, kids: 6 });
  });

  test('one that fetches it more rarely than once in keys.publish meets a key that it does not know', async () => {
    expect((await refusedBy(100 * second)).refused).toBeGreaterThan(0);
  });
});
