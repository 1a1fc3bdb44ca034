import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { manifestText, type RenderRequest } from '../../src/mesh/render.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { startEnvoy } from '../helpers/envoy.ts';
import { freePort } from '../helpers/free-port.ts';
import { createSvid, writeSvid } from '../helpers/svid.ts';
import { edgeId, rendered } from './fixtures.ts';
import { callProxy, type MeshRig, startWorkload, workloadId } from './rig.ts';

interface Bootstrap {
  readonly static_resources: { readonly listeners: readonly object[]; readonly clusters: readonly object[] };
}

/** An Envoy of one’s own, as `--for envoy` configures it. */
export async function startEnvoyRig(policy: object, changes: Partial<RenderRequest> = {}): Promise<MeshRig> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-mesh-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const svidFolder = join(folder, 'svid');
  mkdirSync(svidFolder);
  const authority = createAuthority('cluster.local');
  const edge = createSvid(authority, edgeId);
  writeSvid(svidFolder, createSvid(authority, workloadId), authority);
  const [port, listenPort] = [await startWorkload(), await freePort()];
  const files = (wanted: object, given: Partial<RenderRequest>) => {
    const places = { port, listenPort, svid: svidFolder, etc: folder, waypoint: 'waypoint', gateway: 'fido2' };
    return rendered('envoy', wanted, { places, ...given });
  };
  for (const file of files(policy, changes)) writeFileSync(join(folder, file.name), manifestText(file));
  const resources = (wanted: object, given: Partial<RenderRequest>): Bootstrap['static_resources'] => {
    const [bootstrap] = files(wanted, given);
    if (bootstrap === undefined) throw new Error('nothing was rendered');
    return (parse(manifestText(bootstrap)) as Bootstrap).static_resources;
  };
  const envoy = await startEnvoy(resources(policy, changes));
  return {
    envoy,
    authority,
    edge,
    setPolicy: (wanted, given = changes) => envoy.setListeners(resources(wanted, given).listeners),
    call: (call) => callProxy(call, { port: listenPort, edge, authority }),
    renew: (svid) => writeSvid(svidFolder, svid, authority),
  };
}
