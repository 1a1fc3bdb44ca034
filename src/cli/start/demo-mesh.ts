import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { parse } from 'yaml';
import { manifestText, renderMesh } from '../../mesh/render.ts';
import { parseSpiffeId } from '../../mesh/spiffe.ts';
import type { Settings } from '../../policy/settings.ts';
import { CommandError } from '../command-error.ts';
import type { MeshCalls } from '../demo-mesh-calls.ts';
import { findEnvoy } from '../envoy-binary.ts';
import { type Authority, createAuthority, type Svid } from './demo-mesh-certificates.ts';
import { awaitListening } from './health.ts';
import { type Service, startService } from './service.ts';

const trustDomain = 'demo.mesh';
const ids = {
  edge: `spiffe://${trustDomain}/ns/edge/sa/nginx`,
  other: `spiffe://${trustDomain}/ns/shop/sa/shop`,
  workload: (name: WorkloadName) => `spiffe://${trustDomain}/ns/${name}/sa/${name}`,
};

const workloads = ['app', 'admin'] as const;
type WorkloadName = (typeof workloads)[number];

export interface MeshWorkload {
  readonly name: WorkloadName;
  /** Its DNS name. */
  readonly host: string;
  /** Where its Envoy listens. */
  readonly port: number;
}

export interface DemoMesh {
  readonly workloads: readonly MeshWorkload[];
  /** Port of the application itself, which is to listen on 127.0.0.1 alone. */
  readonly applicationPort: number;
  /** File with MeshCalls: what the application asks to show what the mesh refuses. */
  readonly calls: string;
  /** Starts the Envoys and waits until they have the keys: nginx must answer by then. */
  start(services: Service[], log: (text: string) => void): Promise<void>;
}

export interface DemoMeshOptions {
  /** Folder that only whoever starts nginx may change. */
  readonly folder: string;
  /** Folder of the snippets. */
  readonly snippets: string;
  readonly settings: Settings;
  /** Where Envoy fetches the keys. */
  readonly jwks: string;
  readonly onProgress: (line: string) => void;
}

/** Certificates and configurations of a mesh of two workloads, each behind a real Envoy with the rendered policy. */
export async function prepareMesh(options: DemoMeshOptions): Promise<DemoMesh> {
  const { folder, snippets, settings, jwks, onProgress } = options;
  const envoy = await findEnvoy(onProgress);
  const authority = createAuthority('demo mesh');
  const applicationPort = await freePort();
  const inMesh = settingsInMesh(settings);
  const edge = writeSvid(join(folder, 'mesh/edge'), authority, authority.issue(ids.edge));
  const svidConf = join(snippets, 'svid.conf');
  writeFileSync(svidConf, readFileSync(svidConf, 'utf8').replaceAll('/run/spiffe', edge));
  const prepared: (MeshWorkload & { readonly bootstrap: string })[] = [];
  for (const name of workloads) {
    const host = `${name}.mesh`;
    const etc = join(folder, 'mesh', name);
    const svid = writeSvid(etc, authority, authority.issue(ids.workload(name), [host]));
    const port = await freePort();
    const [rendered, ...others] = renderMesh({
      settings: inMesh,
      mesh: 'envoy',
      workloads: [name],
      policy: undefined,
      edge: parseSpiffeId(ids.edge),
      keys: { kind: 'remote', uri: jwks },
      places: { port: applicationPort, listenPort: port, svid, etc, waypoint: 'waypoint', gateway: 'fido2' },
    });
    if (rendered === undefined) throw new Error('nothing was rendered');
    const bootstrap = join(etc, 'envoy.json');
    writeFileSync(bootstrap, JSON.stringify(onLoopback(parse(manifestText(rendered)))));
    for (const each of others) writeFileSync(join(etc, each.name), manifestText(each));
    prepared.push({ name, host, port, bootstrap });
  }
  const other = authority.issue(ids.other);
  const calls: MeshCalls = {
    edge: ids.edge,
    authority: authority.certificate,
    other: { id: ids.other, ...other },
    ports: Object.fromEntries(prepared.map(({ name, port }) => [name, port])),
  };
  const file = join(folder, 'mesh/calls.json');
  writeFileSync(file, JSON.stringify(calls), { mode: 0o600 });
  return {
    workloads: prepared,
    applicationPort,
    calls: file,
    async start(services, log) {
      for (const { name, bootstrap } of prepared) {
        const args = ['-c', bootstrap, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
        services.push(startService(`the Envoy of ${name}`, [envoy, ...args], { log }));
      }
      for (const { name, port } of prepared) await awaitListening(`the Envoy of ${name}`, port, services);
    },
  };
}

/** The document with the two workloads: what a mesh cannot hold of the policies is left to nginx alone. */
function settingsInMesh(settings: Settings): Settings {
  const policies = new Map(settings.policies);
  const missing = ['user', 'admin'].find((name) => !policies.has(name));
  if (missing !== undefined) {
    throw new CommandError(
      `fido2.json has no policy "${missing}"`,
      'give the demo a folder of its own with --data DIR',
    );
  }
  for (const [name, policy] of settings.policies) policies.set(name, { ...policy, maxAge: null });
  const { audience } = settings.identity;
  const rows = { app: { audience, policy: 'user' }, admin: { audience, policy: 'admin' } };
  return { ...settings, policies, workloads: new Map(Object.entries(rows)) };
}

/** The rendered listener is for a network; this one is for this machine. */
function onLoopback(bootstrap: unknown): unknown {
  return JSON.parse(JSON.stringify(bootstrap).replaceAll('"address":"0.0.0.0"', '"address":"127.0.0.1"'));
}

/** svid.pem, svid.key and bundle.pem; the folder they are in. */
function writeSvid(folder: string, authority: Authority, { certificate, key }: Svid): string {
  const files = { 'svid.pem': certificate, 'svid.key': key, 'bundle.pem': authority.certificate };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
  return folder;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
