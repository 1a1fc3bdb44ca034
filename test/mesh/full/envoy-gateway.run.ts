import { beforeAll, describe, expect, test } from 'vitest';
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
});
