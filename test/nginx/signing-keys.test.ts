import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey } from '../../src/crypto/sign.ts';
import { readSigningRing, revokeSigningKeys, withNewKey } from '../../src/identity/signing-keys.ts';
import { signingRingKey } from '../../src/store/keys.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream } from '../helpers/upstream.ts';

const schedule = { publish: 10_000, rotate: 86_400_000, retire: 3_600_000 };

async function siteUnder(refresh: string) {
  const upstream = await startUpstream();
  const nginx = await startNginx({ upstream, workers: 2, settings: { identity: { ttl: '300s', refresh } } });
  const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  /** Those of this many requests at once. */
  const tokens = async (count: number): Promise<string[]> => {
    const before = upstream.arrived.length;
    const answers = await Promise.all(Array.from({ length: count }, () => get(nginx, '/app/', { cookie })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    return upstream.arrived.slice(before).map((one) => one.header('fido2-identity') ?? '');
  };
  const token = async (): Promise<string> => (await tokens(1))[0] ?? '';
  return { nginx, token, tokens };
}

const jwksOf = async (nginx: RunningNginx) => (await get(nginx, '/fido2/jwks.json')).json<JSONWebKeySet>();
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

describe.runIf(await needs('nginx'))('signing keys', () => {
  it('rotate under constant load without a token that a caching verifier refuses', async () => {
    const { nginx, tokens } = await siteUnder('1s');
    // fetched when it is too old, never because of a token: what istiod does
    let cache = { keys: createLocalJWKSet(await jwksOf(nginx)), until: Date.now() + 3000 };
    const ring = await readSigningRing(nginx.ports.store);
    const key = await generateSigningKey(nodeSubtle);
    const next = withNewKey(ring?.value ?? null, key, Date.now(), schedule);
    await nginx.ports.store.putIf(signingRingKey, next, ring?.version ?? null);
    const seen = new Map<string, number>();
    const end = Date.now() + 60_000;
    let reload: Promise<void> | null = null;
    while ((seen.get(key.kid) ?? 0) < 100 && Date.now() < end) {
      if (Date.now() >= cache.until) cache = { keys: createLocalJWKSet(await jwksOf(nginx)), until: Date.now() + 3000 };
      for (const jwt of await tokens(8)) {
        await jwtVerify(jwt, cache.keys, { issuer: nginx.origin });
        seen.set(kidOf(jwt), (seen.get(kidOf(jwt)) ?? 0) + 1);
      }
      // new workers in the middle of it
      if (seen.has(key.kid)) reload ??= nginx.reload();
    }
    await reload;
    expect([...seen.keys()]).toEqual(next.keys.map(({ kid }) => kid));
  });

  it('that are revoked are gone from the set and from the gate’s memory, while people stay signed in', async () => {
    const { nginx, token } = await siteUnder('270s');
    const before = await token();
    expect(await token()).toBe(before);
    const key = await generateSigningKey(nodeSubtle);
    await revokeSigningKeys(nginx.ports.store, () => [kidOf(before)], key, Date.now());
    await expect.poll(async () => kidOf(await token()), { timeout: 10_000 }).toBe(key.kid);
    const { keys } = await jwksOf(nginx);
    expect(keys.map(({ kid }) => kid)).toEqual([key.kid]);
    await jwtVerify(await token(), createLocalJWKSet({ keys }), { issuer: nginx.origin });
    await nginx.restart();
    expect(kidOf(await token())).toBe(key.kid);
    expect((await jwksOf(nginx)).keys).toEqual(keys);
    const written = `${nginx.errorLog()}${JSON.stringify([nginx.audit(), keys])}`;
    for (const { privateJwk } of (await readSigningRing(nginx.ports.store))?.value.keys ?? []) {
      expect(privateJwk.d.length).toBeGreaterThan(40);
      expect(written).not.toContain(privateJwk.d);
    }
  });
});
