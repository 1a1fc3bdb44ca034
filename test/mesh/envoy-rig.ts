import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { manifestText } from '../../src/mesh/render.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { type RunningEnvoy, startEnvoy } from '../helpers/envoy.ts';
import { freePort } from '../helpers/free-port.ts';
import { callWorkload, createSvid, type MeshAnswer, type Svid, writeSvid } from '../helpers/svid.ts';
import { edgeId, rendered } from './fixtures.ts';

export interface Call {
  readonly svid?: Svid | null;
  readonly token?: string | null;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** A real Envoy that holds a policy, a workload behind it that tells what it received, and the edge. */
export interface EnvoyRig {
  readonly envoy: RunningEnvoy;
  readonly authority: ReturnType<typeof createAuthority>;
  readonly edge: Svid;
  /** Folder of the workload’s own certificate. */
  readonly svidFolder: string;
  setPolicy(policy: object): Promise<void>;
  call(options: Call): Promise<MeshAnswer>;
}

interface Bootstrap {
  readonly static_resources: { readonly listeners: readonly object[]; readonly clusters: readonly object[] };
}

export async function startEnvoyRig(policy: object): Promise<EnvoyRig> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-mesh-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const svidFolder = join(folder, 'svid');
  mkdirSync(svidFolder);
  const authority = createAuthority('cluster.local');
  const edge = createSvid(authority, edgeId);
  writeSvid(svidFolder, createSvid(authority, 'spiffe://cluster.local/ns/payments/sa/payments'), authority);
  const [port, listenPort] = [await startWorkload(), await freePort()];
  const files = (wanted: object) => {
    const places = { port, listenPort, svid: svidFolder, etc: folder, waypoint: 'waypoint', gateway: 'fido2' };
    return rendered('envoy', wanted, { places });
  };
  for (const file of files(policy)) writeFileSync(join(folder, file.name), manifestText(file));
  const resources = (wanted: object): Bootstrap['static_resources'] => {
    const [bootstrap] = files(wanted);
    if (bootstrap === undefined) throw new Error('nothing was rendered');
    return (parse(manifestText(bootstrap)) as Bootstrap).static_resources;
  };
  const envoy = await startEnvoy(resources(policy));
  return {
    envoy,
    authority,
    edge,
    svidFolder,
    setPolicy: (wanted) => envoy.setListeners(resources(wanted).listeners),
    call: ({ svid = edge, token = null, headers = {}, ...rest }) =>
      callWorkload({
        port: listenPort,
        svid,
        authority,
        headers: { ...(token === null ? {} : { 'Fido2-Identity': token }), ...headers },
        ...rest,
      }),
  };
}

/** Answers with the headers that reached it. */
async function startWorkload(): Promise<number> {
  const server = createServer((request, response) => {
    response.end(JSON.stringify(request.headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the workload has no port');
  return address.port;
}
