import { describe, expect, test } from 'vitest';
import { needs } from '../helpers/needs.ts';
import { compareDecisions } from './agreement.ts';
import { startEnvoyRig } from './envoy-rig.ts';
import { startSidecarRig } from './istio-rig.ts';

/** Documents to try; a release tries many. */
const runs = Number(process.env.MESH_DOCUMENTS ?? 50);

const hasEnvoy = await needs('envoy');
const hasIstio = hasEnvoy && (await needs('mesh tools'));

describe.each([
  ['a real Envoy', 'envoy', startEnvoyRig, hasEnvoy],
  ['a real sidecar of Istio', 'istio', startSidecarRig, hasIstio],
] as const)('the gate and %s', (title, mesh, start, isThere) => {
  test.runIf(isThere)(`decide alike in ${runs} random documents`, { timeout: 60_000 + runs * 2000 }, async () => {
    const found = await compareDecisions(await start({}), mesh, runs);
    const counts = `${found.documents} documents, ${found.notHeld} that it cannot hold`;
    const answers = `${found.allowed} requests allowed, ${found.refused} refused`;
    console.log(`${title}: ${counts}; ${answers}; a policy swaps in ${found.swap.toFixed(1)} ms (median)`);
    // a property that only ever refuses shows nothing
    expect(found.allowed).toBeGreaterThan(0);
    expect(found.refused).toBeGreaterThan(0);
    expect(found.notHeld).toBeLessThan(runs / 2);
  });
});
