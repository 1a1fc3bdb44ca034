import { createAuthority } from '../helpers/certificates.ts';
import { createSvid, type Svid } from '../helpers/svid.ts';
import { edgeId, issuer, type Person, tokenOf } from './fixtures.ts';
import type { Call, MeshRig } from './rig.ts';
import {
  byAnotherKey,
  byPublicKey,
  claims,
  header,
  lacking,
  now,
  signed,
  tampered,
  underHeader,
  unsigned,
} from './tokens.ts';

/** What every mesh holds while the cases are tried. */
export const policy = {
  groups: { any: ['payments', 'admins'], none: ['interns'] },
  deny: { users: ['mallory'] },
  methods: ['GET', 'POST'],
};

/** Whom it admits. */
export const ana: Person = { name: 'ana', groups: ['staff', 'payments'], userVerified: true };

/** A status; refused: the connection was, before anything was said. */
type Outcome = number | 'refused';

export interface MeshCase {
  readonly what: string;
  readonly envoy: Outcome;
  readonly sidecar: Outcome;
  readonly waypoint: Outcome;
  readonly gateway: Outcome;
  call(rig: MeshRig): Call | Promise<Call>;
}

type Row = readonly [
  what: string,
  envoy: Outcome,
  sidecar: Outcome,
  waypoint: Outcome,
  gateway: Outcome,
  MeshCase['call'],
];

/** A call of the edge with the token of a person who differs from ana. */
const as = (changes: Partial<Person>) => async () => ({ token: await tokenOf({ ...ana, ...changes }) });

const other = (rig: MeshRig, id: string): Svid => createSvid(rig.authority, id);
const otherId = 'spiffe://cluster.local/ns/other/sa/other';

/** A workload that got hold of ana’s token. */
const stolenBy = (id: string) => async (rig: MeshRig) => ({ svid: other(rig, id), token: await tokenOf(ana) });

const rows: readonly Row[] = [
  // what is tried                                     Envoy      sidecar    waypoint   Envoy Gateway
  ['the gate’s own token', 200, 200, 200, 200, as({})],
  ['another admitted group', 200, 200, 200, 200, as({ groups: ['admins'] })],
  ['an admitted method', 200, 200, 200, 200, async () => ({ token: await tokenOf(ana), method: 'POST' })],
  ['HEAD, which GET stands for', 200, 200, 200, 200, async () => ({ token: await tokenOf(ana), method: 'HEAD' })],
  // Envoy Gateway was told that it is a list
  ['groups as one string', 200, 200, 200, 403, async () => ({ token: await signed({ groups: 'payments' }) })],
  ['no kid: every key is tried', 200, 200, 200, 200, async () => ({ token: await underHeader({ alg: 'ES256' }) })],
  [
    'a clock of the edge that is 4 s ahead',
    200,
    200,
    200,
    200,
    async () => ({ token: await signed({ nbf: now() + 4 }) }),
  ],
  [
    'an agent that acts for ana',
    200,
    200,
    200,
    200,
    async () => ({ token: await signed({ act: { sub: 'agent', act: { sub: 'tool' } } }) }),
  ],

  ['wrong group', 403, 403, 403, 403, as({ groups: ['staff'] })],
  ['groups that are spelt alike', 403, 403, 403, 403, as({ groups: ['payments2', 'PAYMENTS', 'pay'] })],
  ['no group', 403, 403, 403, 403, as({ groups: [] })],
  ['a group that is denied', 403, 403, 403, 403, as({ groups: ['payments', 'interns'] })],
  ['a user who is denied', 403, 403, 403, 403, as({ name: 'mallory' })],
  ['a user who was not verified', 403, 403, 403, 403, as({ userVerified: false })],
  ['another method', 403, 403, 403, 403, async () => ({ token: await tokenOf(ana), method: 'DELETE' })],
  [
    'another audience',
    403,
    403,
    403,
    403,
    async () => ({ token: await tokenOf(ana, { audience: 'https://orders.example.com' }) }),
  ],
  ['no aud', 403, 403, 403, 403, async () => ({ token: await underHeader(header, lacking('aud')) })],
  [
    'the right groups only in act',
    403,
    403,
    403,
    403,
    async () => ({ token: await signed({ groups: ['staff'], act: claims() }) }),
  ],

  // Istio’s authentication lets requests without a token pass: its authorization refuses them
  ['no token', 401, 403, 403, 401, () => ({})],
  ['an empty token', 401, 401, 401, 401, () => ({ token: '' })],
  [
    'a token in Authorization',
    401,
    403,
    403,
    401,
    async () => ({ headers: { authorization: `Bearer ${await tokenOf(ana)}` } }),
  ],
  ['a token in the query', 401, 403, 403, 401, async () => ({ path: `/?access_token=${await tokenOf(ana)}` })],
  [
    'a preflight, which has none',
    401,
    403,
    403,
    401,
    () => ({
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example.com', 'access-control-request-method': 'GET' },
    }),
  ],
  ['expired', 401, 401, 401, 401, async () => ({ token: await signed({ exp: now() - 90 }) })],
  // 60 s are Envoy’s own allowance, which only a raw Envoy lets one change
  ['expired 30 s ago', 401, 200, 200, 200, async () => ({ token: await signed({ exp: now() - 30 }) })],
  ['not yet valid', 401, 401, 401, 401, async () => ({ token: await signed({ nbf: now() + 90 }) })],
  ['another issuer', 401, 401, 401, 401, async () => ({ token: await signed({ iss: 'https://evil.example.com' }) })],
  [
    'an issuer that begins alike',
    401,
    401,
    401,
    401,
    async () => ({ token: await signed({ iss: `${issuer}.evil.example` }) }),
  ],
  ['unknown kid', 401, 401, 401, 401, async () => ({ token: await underHeader({ ...header, kid: 'unknown' }) })],
  ['alg none', 401, 401, 401, 401, () => ({ token: unsigned() })],
  ['alg HS256 under the public key', 401, 401, 401, 401, () => ({ token: byPublicKey() })],
  ['another key under our kid', 401, 401, 401, 401, () => ({ token: byAnotherKey() })],
  ['tampered', 401, 401, 401, 401, async () => ({ token: tampered(await tokenOf({ ...ana, groups: ['staff'] })) })],
  ['two tokens', 401, 401, 401, 401, async () => ({ headers: { 'Fido2-Identity': [unsigned(), await tokenOf(ana)] } })],
  // only a raw Envoy can be told to refuse these; ngx-fido2 signs neither
  ['no exp', 401, 200, 200, 200, async () => ({ token: await underHeader(header, lacking('exp')) })],
  ['a life of 24 h', 401, 200, 200, 200, async () => ({ token: await signed({ exp: now() + 86_400 }) })],

  ['past the edge: another workload with a stolen token', 403, 403, 403, 'refused', stolenBy(otherId)],
  ['past the edge: another workload without one', 401, 403, 403, 'refused', (rig) => ({ svid: other(rig, otherId) })],
  ['an SVID whose ID begins alike', 403, 403, 403, 'refused', stolenBy(`${edgeId}2`)],
  [
    'another trust domain of the same authority',
    'refused',
    'refused',
    'refused',
    'refused',
    stolenBy('spiffe://cluster.local.evil/ns/edge/sa/nginx'),
  ],
  [
    'the edge’s ID of another authority',
    'refused',
    'refused',
    'refused',
    'refused',
    async () => ({ svid: createSvid(createAuthority('other'), edgeId), token: await tokenOf(ana) }),
  ],
  [
    'no certificate',
    'refused',
    'refused',
    'refused',
    'refused',
    async () => ({ svid: null, token: await tokenOf(ana) }),
  ],
  ['no TLS', 'refused', 'refused', 'refused', 'refused', async () => ({ isPlain: true, token: await tokenOf(ana) })],
];

/** One table for every mesh, each cell as it is on the real one. */
export const meshCases: readonly MeshCase[] = rows.map(([what, envoy, sidecar, waypoint, gateway, call]) => ({
  what,
  envoy,
  sidecar,
  waypoint,
  gateway,
  call,
}));
