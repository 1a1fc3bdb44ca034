import { beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../helpers/needs.ts';
import { ana, meshCases, policy } from './cases.ts';
import { startEnvoyRig } from './envoy-rig.ts';
import { tokenOf } from './fixtures.ts';
import { startSidecarRig, startWaypointRig } from './istio-rig.ts';
import type { MeshRig } from './rig.ts';

const hasEnvoy = await needs('envoy');
const hasIstio = hasEnvoy && (await needs('mesh tools'));

const meshes = [
  ['envoy', 'an Envoy of one’s own', startEnvoyRig, hasEnvoy],
  ['sidecar', 'a sidecar of Istio', startSidecarRig, hasIstio],
  ['waypoint', 'a waypoint of Istio', startWaypointRig, hasIstio],
] as const;

describe.each(meshes)('%s: %s', (column, _, start, isThere) => {
  describe.runIf(isThere)('with the rendered policy', () => {
    let rig: MeshRig;
    beforeAll(async () => {
      rig = await start(policy);
    });

    test.each(meshCases.map((each) => [each.what, each[column], each] as const))(
      '%s: %s',
      async (_, expected, { call }) => {
        expect((await rig.call(await call(rig))).status ?? 'refused').toBe(expected);
      },
    );

    test('the workload receives the token, which it may verify again', async () => {
      const token = await tokenOf(ana);
      const { text } = await rig.call({ token });
      expect(JSON.parse(text)).toMatchObject({ 'fido2-identity': token });
    });

    test('a changed policy holds at once', async () => {
      const token = await tokenOf(ana);
      await rig.setPolicy({ ...policy, groups: ['admins'] });
      expect((await rig.call({ token })).status).toBe(403);
      await rig.setPolicy(policy);
      expect((await rig.call({ token })).status).toBe(200);
    });
  });
});
