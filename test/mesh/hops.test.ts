import { beforeAll, describe, expect, test } from 'vitest';
import { makeTxnToken } from '../../src/identity/txn-token.ts';
import type { RenderRequest } from '../../src/mesh/render.ts';
import { parseSpiffeId } from '../../src/mesh/spiffe.ts';
import { needs } from '../helpers/needs.ts';
import { createSvid } from '../helpers/svid.ts';
import { ana } from './cases.ts';
import { startEnvoyRig } from './envoy-rig.ts';
import { edgeId, issuer, settingsWith, signingKey, tokenOf } from './fixtures.ts';
import { startSidecarRig } from './istio-rig.ts';
import { type MeshRig, workloadId } from './rig.ts';
import { claims, signed } from './tokens.ts';

const hasEnvoy = await needs('envoy');
const hasIstio = hasEnvoy && (await needs('mesh tools'));
const first = { groups: ['payments'] };
const second = { groups: ['payments'], userVerification: false };
const settings = settingsWith(second);

/** The second workload admits the first one alone, and asks for the token that it hands on. */
const changes: Partial<RenderRequest> = { settings, edge: parseSpiffeId(workloadId), token: 'txn' };

function txnToken({ groups = ['payments'], now = Date.now() } = {}): Promise<string> {
  return makeTxnToken(signingKey, {
    identity: { ...claims({ exp: Math.floor(now / 1000) + 60 }), groups },
    issuer,
    trustDomain: settings.identity.trustDomain,
    transaction: 'txn-1',
    address: '192.0.2.1',
    bound: {},
    now,
  });
}

describe.each([
  ['Envoy', startEnvoyRig, hasEnvoy],
  ['a sidecar of Istio', startSidecarRig, hasIstio],
] as const)('a transaction token over two hops, the second by %s', (title, start, isThere) => {
  describe.runIf(isThere)('from workload to workload', () => {
    let one: MeshRig;
    let two: MeshRig;
    beforeAll(async () => {
      one = await startEnvoyRig(first);
      two = await start(second, changes);
    });
    const fromFirst = (headers: Readonly<Record<string, string>>, id = workloadId) =>
      two.call({ svid: createSvid(two.authority, id), headers });

    test('the first forwards what it received, unchanged', async () => {
      const token = await txnToken();
      const arrived = await one.call({ token: await tokenOf(ana), headers: { 'Txn-Token': token } });
      const { 'txn-token': received = '' } = JSON.parse(arrived.text) as Record<string, string>;
      expect(received).toBe(token);
      const answer = await fromFirst({ 'Txn-Token': received });
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({ 'txn-token': token });
    });

    test('wrong group', async () => {
      expect((await fromFirst({ 'Txn-Token': await txnToken({ groups: ['staff'] }) })).status).toBe(403);
    });

    test('expired', async () => {
      expect((await fromFirst({ 'Txn-Token': await txnToken({ now: Date.now() - 150_000 }) })).status).toBe(401);
    });

    test('no token, or none where it belongs', async () => {
      const none = title === 'Envoy' ? 401 : 403;
      expect((await fromFirst({})).status).toBe(none);
      expect((await fromFirst({ 'Fido2-Identity': await txnToken() })).status).toBe(none);
    });

    test('neither token is good for the other', async () => {
      expect((await fromFirst({ 'Txn-Token': await tokenOf(ana) })).status).toBe(403);
      expect((await one.call({ token: await txnToken() })).status).toBe(403);
      expect((await fromFirst({ 'Txn-Token': await signed({ aud: 'other.example.com' }) })).status).toBe(403);
    });

    test.each([
      ['the edge itself', edgeId],
      ['any other workload', 'spiffe://cluster.local/ns/other/sa/other'],
    ])('%s is no caller of the second', async (_, id) => {
      expect((await fromFirst({ 'Txn-Token': await txnToken() }, id)).status).toBe(403);
    });
  });
});
