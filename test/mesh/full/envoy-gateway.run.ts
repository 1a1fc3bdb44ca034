import { beforeAll, describe, expect, test } from 'vitest';
import { compareDecisions } from '../agreement.ts';
import { ana, meshCases, policy } from '../cases.ts';
import { tokenOf } from '../fixtures.ts';
import { startGatewayRig } from '../gateway-rig.ts';
import type { MeshRig } from '../rig.ts';

describe('Envoy Gateway with the rendered policy', () => {
  let rig: MeshRig;
  beforeAll(async () => {
    rig = await startGatewayRig(policy);
  });

  test.each(meshCases.map((each) => [each.what, each.gateway, each] as const))(
    '%s: %s',
    async (_, expected, { call }) => {
      expect((await rig.call(await call(rig))).status ?? 'refused').toBe(expected);
    },
  );

  test('a changed policy holds', async () => {
    const token = await tokenOf(ana);
    await rig.setPolicy({ ...policy, groups: ['admins'] });
    expect((await rig.call({ token })).status).toBe(403);
    expect((await rig.call({ token: await tokenOf({ ...ana, groups: ['admins'] }) })).status).toBe(200);
  });

  test('it and the gate decide alike in random documents', { timeout: 600_000 }, async () => {
    const found = await compareDecisions(rig, 'envoy-gateway', Number(process.env.MESH_DOCUMENTS ?? 20));
    console.log(found);
    expect(found.allowed).toBeGreaterThan(0);
    expect(found.refused).toBeGreaterThan(0);
  });
});
