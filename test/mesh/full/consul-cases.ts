import { createAuthority } from '../../helpers/certificates.ts';
import { createSvid } from '../../helpers/svid.ts';
import { ana } from '../cases.ts';
import { consulEdgeId, issuer, type Person, tokenOf } from '../fixtures.ts';
import type { Call } from '../rig.ts';
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
} from '../tokens.ts';
import type { ConsulRig } from './consul-rig.ts';

/** What Consul holds while the cases are tried: all that it can hold. */
export const consulPolicy = {
  groups: { any: ['payments', 'admins'] },
  users: ['ana', 'bo'],
  methods: ['GET', 'POST'],
  userVerification: false,
};

/** The token of the gate for a person who differs from ana, with the groups in a map besides. */
export const tokenFor = (changes: Partial<Person> = {}) => tokenOf({ ...ana, ...changes }, { groupMap: true });

type Calls = (rig: ConsulRig) => Promise<Call>;

const as = (changes: Partial<Person>) => async () => ({ token: await tokenFor(changes) });
const by = (method: string) => async () => ({ token: await tokenFor(), method });
const grp = { payments: '1' };
const admitted = (changes: Parameters<typeof claims>[0] = {}) => claims({ grp, ...changes });
const bearing = (changes: Parameters<typeof claims>[0]) => async () => ({ token: await signed({ grp, ...changes }) });
const stolenBy = (service: string) => async (rig: ConsulRig) => ({
  svid: await rig.svidOf(service),
  token: await tokenFor(),
});

/** One request each, and what the real Consul with the rendered entries answers; refused: the connection was. */
export const consulCases: readonly (readonly [what: string, outcome: number | 'refused', call: Calls])[] = [
  ['the gate’s own token', 200, as({})],
  ['another admitted group', 200, as({ groups: ['admins'] })],
  ['another admitted user', 200, as({ name: 'bo' })],
  ['an admitted method', 200, by('POST')],
  ['HEAD, which GET stands for', 200, by('HEAD')],
  ['a user who was not verified: not asked for', 200, as({ userVerified: false })],
  ['no kid: every key is tried', 200, async () => ({ token: await underHeader({ alg: 'ES256' }, admitted()) })],
  ['a clock of the edge that is 4 s ahead', 200, async () => bearing({ nbf: now() + 4 })()],
  ['an agent that acts for ana', 200, bearing({ act: { sub: 'agent' } })],

  ['groups in the list alone: a list never matches', 403, async () => ({ token: await tokenOf(ana) })],
  ['groups as one string, no map', 403, async () => ({ token: await signed({ groups: 'payments' }) })],
  ['a list in place of the map', 403, bearing({ grp: ['payments'] })],
  ['another value in the map', 403, bearing({ grp: { payments: '0' } })],
  ['a number in the map', 403, bearing({ grp: { payments: 1 } })],
  ['true in the map', 403, bearing({ grp: { payments: true } })],
  ['wrong group', 403, as({ groups: ['staff'] })],
  ['groups that are spelt alike', 403, as({ groups: ['payments2', 'PAYMENTS', 'pay'] })],
  ['no group', 403, as({ groups: [] })],
  ['another user', 403, as({ name: 'mallory' })],
  ['a user who is spelt alike', 403, as({ name: 'Ana' })],
  ['a list of users', 403, bearing({ preferred_username: ['ana'] })],
  ['another method', 403, by('DELETE')],
  ['the right groups only in act', 403, bearing({ grp: { staff: '1' }, act: admitted() })],

  ['no token', 403, async () => ({})],
  ['an empty token', 403, async () => ({ token: '' })],
  ['a token in Authorization', 403, async () => ({ headers: { authorization: `Bearer ${await tokenFor()}` } })],
  ['a token in the query', 403, async () => ({ path: `/?access_token=${await tokenFor()}` })],
  [
    'a preflight, which has none',
    403,
    async () => ({
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example.com', 'access-control-request-method': 'GET' },
    }),
  ],
  [
    'another audience',
    403,
    async () => ({ token: await tokenOf(ana, { audience: 'https://orders.example.com', groupMap: true }) }),
  ],
  ['no aud', 403, async () => ({ token: await underHeader(header, lacking('aud', admitted())) })],
  ['expired', 403, async () => bearing({ exp: now() - 90 })()],
  // ClockSkewSeconds does not reach Envoy, whose own allowance is 60 s
  ['expired 30 s ago', 200, async () => bearing({ exp: now() - 30 })()],
  ['not yet valid', 403, async () => bearing({ nbf: now() + 90 })()],
  ['another issuer', 403, bearing({ iss: 'https://evil.example.com' })],
  ['an issuer that begins alike', 403, bearing({ iss: `${issuer}.evil.example` })],
  ['unknown kid', 403, async () => ({ token: await underHeader({ ...header, kid: 'unknown' }, admitted()) })],
  ['alg none', 403, async () => ({ token: unsigned(admitted()) })],
  ['alg HS256 under the public key', 403, async () => ({ token: byPublicKey(admitted()) })],
  ['another key under our kid', 403, async () => ({ token: byAnotherKey(admitted()) })],
  ['tampered', 403, async () => ({ token: tampered(await tokenFor({ groups: ['staff'] }), admitted()) })],
  // Consul asks Envoy to bear tokens that fail; nginx sends one
  [
    'two tokens, one of them good',
    200,
    async () => ({ headers: { 'Fido2-Identity': [unsigned(admitted()), await tokenFor()] } }),
  ],
  ['no exp', 200, async () => ({ token: await underHeader(header, lacking('exp', admitted())) })],
  ['a life of 24 h', 200, async () => bearing({ exp: now() + 86_400 })()],

  ['past the edge: another workload with a stolen token', 403, stolenBy('other')],
  ['past the edge: another workload without one', 403, async (rig) => ({ svid: await rig.svidOf('other') })],
  ['a service whose name begins alike', 403, stolenBy('edge2')],
  [
    'the edge’s ID of another authority',
    'refused',
    async () => ({ svid: createSvid(createAuthority('other'), consulEdgeId), token: await tokenFor() }),
  ],
  ['no certificate', 'refused', async () => ({ svid: null, token: await tokenFor() })],
  ['no TLS', 'refused', async () => ({ isPlain: true, token: await tokenFor() })],
];
