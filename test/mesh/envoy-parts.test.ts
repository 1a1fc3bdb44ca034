import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { manifestText } from '../../src/mesh/render.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { startEnvoy } from '../helpers/envoy.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { createSvid, writeSvid } from '../helpers/svid.ts';
import { meshCases, policy } from './cases.ts';
import { envoyParts } from './envoy-parts.ts';
import { edgeId, rendered } from './fixtures.ts';
import { callProxy, type MeshRig, startWorkload, workloadId } from './rig.ts';

/** An Envoy with what it gets in this mesh, and nothing else of the mesh. */
async function startPart(mesh: 'kuma' | 'cilium' | 'linkerd'): Promise<MeshRig> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-part-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const svidFolder = join(folder, 'svid');
  mkdirSync(svidFolder);
  const authority = createAuthority('cluster.local');
  const edge = createSvid(authority, edgeId);
  writeSvid(svidFolder, createSvid(authority, workloadId), authority);
  const [port, listenPort] = [await startWorkload(), await freePort()];
  const places = { port, listenPort, svid: svidFolder, etc: folder, waypoint: 'waypoint', gateway: 'fido2' };
  for (const file of rendered('envoy', policy, { places })) {
    writeFileSync(join(folder, file.name), manifestText(file));
  }
  const envoy = await startEnvoy(envoyParts[mesh](policy, { places }));
  return {
    envoy,
    authority,
    edge,
    setPolicy: (wanted) => envoy.setListeners(envoyParts[mesh](wanted, { places }).listeners),
    call: (call) =>
      callProxy(mesh === 'kuma' ? call : { ...call, isPlain: true }, { port: listenPort, edge, authority }),
    renew: (svid) => writeSvid(svidFolder, svid, authority),
  };
}

// Who calls is for Cilium’s network policy and for Linkerd’s proxy to say: their Envoys see plain HTTP.
describe.runIf(await needs('envoy')).each([
  ['kuma', true],
  ['cilium', false],
  ['linkerd', false],
] as const)('the Envoy of %s with its part of the manifests', (mesh, knowsCaller) => {
  let rig: MeshRig;
  beforeAll(async () => {
    rig = await startPart(mesh);
  });

  test.each(meshCases.map((each) => [each.what, each] as const))('%s', async (_, { call, envoy: expected }) => {
    const asked = await call(rig);
    if (('svid' in asked || asked.isPlain) && !knowsCaller) return;
    expect((await rig.call(asked)).status ?? 'refused').toBe(expected);
  });
});
