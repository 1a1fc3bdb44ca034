import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { signJwt } from '../../src/crypto/sign.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { needs } from '../helpers/needs.ts';
import { createSvid, writeSvid } from '../helpers/svid.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Call, type EnvoyRig, startEnvoyRig } from './envoy-rig.ts';
import { audience, edgeId, issuer, key, type Person, signingKey, tokenOf } from './fixtures.ts';

const policy = {
  groups: { any: ['payments', 'admins'], none: ['interns'] },
  deny: { users: ['mallory'] },
  methods: ['GET', 'POST'],
};
const ana: Person = { name: 'ana', groups: ['staff', 'payments'], userVerified: true };

type Claims = Parameters<typeof signJwt>[2];

const now = () => Math.floor(Date.now() / 1000);
const claims = (changes: Claims = {}): Claims => ({
  iss: issuer,
  aud: audience,
  sub: 'AAAAAAAAAAAAAAAAAAAAAA',
  preferred_username: 'ana',
  groups: ['payments'],
  iat: now(),
  nbf: now(),
  exp: now() + 120,
  amr: ['pop', 'swk', 'user', 'mfa'],
  ...changes,
});
const signed = (changes: Claims = {}) => signJwt(signingKey, { typ: 'JWT' }, claims(changes));

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = { alg: 'ES256', kid: key.kid, typ: 'JWT' };

/** Signed by our key under any header. */
async function underHeader(changed: object, payload: object): Promise<string> {
  const text = `${part(changed)}.${part(payload)}`;
  const ours = await nodeSubtle.importKey('jwk', { ...key.privateJwk }, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ]);
  const signature = await nodeSubtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, ours, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

function byAnotherKey(): string {
  const text = `${part(header)}.${part(claims())}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A MAC whose key is the public key, which everybody knows. */
function byPublicKey(): string {
  const text = `${part({ ...header, alg: 'HS256' })}.${part(claims())}`;
  return `${text}.${createHmac('sha256', JSON.stringify(key.publicJwk)).update(text).digest('base64url')}`;
}

/** The claims without one. */
function lacking(name: string): object {
  return Object.fromEntries(Object.entries(claims()).filter(([each]) => each !== name));
}

describe.runIf(await needs('envoy'))('a real Envoy with the rendered policy', () => {
  let rig: EnvoyRig;
  beforeAll(async () => {
    rig = await startEnvoyRig(policy);
  });

  const cases: readonly [what: string, status: number | 'refused', call: () => Call | Promise<Call>][] = [
    ['the gate’s own token', 200, async () => ({ token: await tokenOf(ana) })],
    ['another admitted group', 200, async () => ({ token: await tokenOf({ ...ana, groups: ['admins'] }) })],
    ['an admitted method', 200, async () => ({ token: await tokenOf(ana), method: 'POST' })],
    ['HEAD, which GET stands for', 200, async () => ({ token: await tokenOf(ana), method: 'HEAD' })],
    ['groups as one string', 200, async () => ({ token: await signed({ groups: 'payments' }) })],
    ['no kid: every key is tried', 200, async () => ({ token: await underHeader({ alg: 'ES256' }, claims()) })],
    ['a clock of the edge that is 4 s ahead', 200, async () => ({ token: await signed({ nbf: now() + 4 }) })],

    ['wrong group', 403, async () => ({ token: await tokenOf({ ...ana, groups: ['staff'] }) })],
    [
      'a name that begins alike',
      403,
      async () => ({ token: await tokenOf({ ...ana, groups: ['payments2', 'PAYMENTS'] }) }),
    ],
    ['no group', 403, async () => ({ token: await tokenOf({ ...ana, groups: [] }) })],
    [
      'a group that is denied',
      403,
      async () => ({ token: await tokenOf({ ...ana, groups: ['payments', 'interns'] }) }),
    ],
    ['a user who is denied', 403, async () => ({ token: await tokenOf({ ...ana, name: 'mallory' }) })],
    ['a user who was not verified', 403, async () => ({ token: await tokenOf({ ...ana, userVerified: false }) })],
    ['another method', 403, async () => ({ token: await tokenOf(ana), method: 'DELETE' })],
    ['another audience', 403, async () => ({ token: await tokenOf(ana, { audience: 'https://orders.example.com' }) })],

    ['no token', 401, () => ({})],
    ['an empty token', 401, () => ({ token: '' })],
    ['a token in Authorization', 401, async () => ({ headers: { authorization: `Bearer ${await tokenOf(ana)}` } })],
    ['a token in the query', 401, async () => ({ path: `/?access_token=${await tokenOf(ana)}` })],
    ['expired', 401, async () => ({ token: await signed({ exp: now() - 30 }) })],
    ['not yet valid', 401, async () => ({ token: await signed({ nbf: now() + 60 }) })],
    ['another issuer', 401, async () => ({ token: await signed({ iss: 'https://evil.example.com' }) })],
    ['an issuer that begins alike', 401, async () => ({ token: await signed({ iss: `${issuer}.evil.example` }) })],
    ['unknown kid', 401, async () => ({ token: await underHeader({ ...header, kid: 'unknown' }, claims()) })],
    ['alg none', 401, () => ({ token: `${part({ alg: 'none' })}.${part(claims())}.` })],
    ['alg HS256 under the public key', 401, () => ({ token: byPublicKey() })],
    ['another key under our kid', 401, () => ({ token: byAnotherKey() })],
    [
      'tampered',
      401,
      async () => {
        const [head, , signature] = (await tokenOf({ ...ana, groups: ['staff'] })).split('.');
        return { token: [head, part(claims()), signature].join('.') };
      },
    ],
    ['no exp', 401, async () => ({ token: await underHeader(header, lacking('exp')) })],
    ['a life of 24 h', 401, async () => ({ token: await signed({ exp: now() + 86_400 }) })],
    ['no aud', 403, async () => ({ token: await underHeader(header, lacking('aud')) })],

    [
      'another SVID of the same authority',
      403,
      async () => ({
        svid: createSvid(rig.authority, 'spiffe://cluster.local/ns/other/sa/other'),
        token: await tokenOf(ana),
      }),
    ],
    [
      'an SVID whose ID begins alike',
      403,
      async () => ({ svid: createSvid(rig.authority, `${edgeId}2`), token: await tokenOf(ana) }),
    ],
    [
      'another trust domain of the same authority',
      'refused',
      async () => ({
        svid: createSvid(rig.authority, 'spiffe://cluster.local.evil/ns/edge/sa/nginx'),
        token: await tokenOf(ana),
      }),
    ],
    [
      'the edge’s ID of another authority',
      'refused',
      async () => ({ svid: createSvid(createAuthority('other'), edgeId), token: await tokenOf(ana) }),
    ],
    ['no certificate', 'refused', async () => ({ svid: null, token: await tokenOf(ana) })],
  ];

  test.each(cases)('%s: %s', async (_, status, call) => {
    expect((await rig.call(await call())).status ?? 'refused').toBe(status);
  });

  test('the workload receives the token, which it may verify again', async () => {
    const token = await tokenOf(ana);
    const { text } = await rig.call({ token });
    expect(JSON.parse(text)).toMatchObject({ 'fido2-identity': token });
  });

  test('a refusal tells the client nothing', async () => {
    expect((await rig.call({ token: 'x.y.z' })).text).toBe('');
  });

  test('a token of some hundred groups is verified too', async () => {
    const groups = Array.from({ length: 400 }, (_, i) => `group-of-some-length-${i}`);
    expect((await rig.call({ token: await signed({ groups: [...groups, 'payments'] }) })).status).toBe(200);
    expect((await rig.call({ token: await signed({ groups }) })).status).toBe(403);
  });

  test('a renewed certificate is taken up without a refused request', async () => {
    const token = await tokenOf(ana);
    const before = (await rig.call({ token })).peerSerial;
    writeSvid(
      rig.svidFolder,
      createSvid(rig.authority, 'spiffe://cluster.local/ns/payments/sa/payments'),
      rig.authority,
    );
    await waitFor(async () => {
      const { status, peerSerial } = await rig.call({ token });
      expect(status).toBe(200);
      return peerSerial !== before;
    }, 'the renewed certificate');
  });

  test('a changed policy holds at once', async () => {
    const token = await tokenOf(ana);
    await rig.setPolicy({ ...policy, groups: ['admins'] });
    expect((await rig.call({ token })).status).toBe(403);
    await rig.setPolicy(policy);
    expect((await rig.call({ token })).status).toBe(200);
  });
});
