import { beforeAll, describe, expect, test } from 'vitest';
import { needs } from '../helpers/needs.ts';
import { policy } from './cases.ts';
import { startEnvoyRig } from './envoy-rig.ts';
import type { MeshRig } from './rig.ts';
import { signed } from './tokens.ts';

describe.runIf(await needs('envoy'))('what only an Envoy of one’s own does', () => {
  let rig: MeshRig;
  beforeAll(async () => {
    rig = await startEnvoyRig(policy);
  });

  test('a refusal tells the client nothing', async () => {
    expect(await rig.call({ token: 'x.y.z' })).toMatchObject({ status: 401, text: '' });
  });

  test('a token of some hundred groups is verified too', async () => {
    const groups = Array.from({ length: 400 }, (_, i) => `group-of-some-length-${i}`);
    expect((await rig.call({ token: await signed({ groups: [...groups, 'payments'] }) })).status).toBe(200);
    expect((await rig.call({ token: await signed({ groups }) })).status).toBe(403);
  });
});
