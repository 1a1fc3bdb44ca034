import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { loadAssignment } from '../../src/mesh/envoy-filters.ts';
import type { CertificateAuthority } from './certificates.ts';
import { cleanUp } from './cleanup.ts';
import { type RunningEnvoy, runEnvoy } from './envoy.ts';
import { freePort } from './free-port.ts';
import { meshTools } from './mesh-tools.ts';
import { type SecretServer, startSecretServer } from './sds.ts';
import type { Svid } from './svid.ts';
import { waitFor } from './wait-for.ts';

export interface Istiod {
  readonly xdsPort: number;
  /** Replaces the policies; the number of the push that has them. Throws what Istio’s validation says. */
  setPolicies(text: string): Promise<number>;
}

/** Istio’s own configuration generator. `mesh` is its MeshConfig; `objects` are Kubernetes’, which ambient mode reads. */
export async function startIstiod(options: {
  readonly base: readonly object[];
  readonly mesh?: object;
  readonly objects?: readonly object[];
}): Promise<Istiod> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-istiod-'));
  const write = (name: string, documents: readonly object[]): string => {
    const file = join(folder, name);
    writeFileSync(file, documents.map((each) => stringify(each)).join('---\n'));
    return file;
  };
  const [xdsPort, controlPort] = [await freePort(), await freePort()];
  const objects = options.objects === undefined ? [] : ['-objects', write('objects.yaml', options.objects)];
  const mesh = options.mesh === undefined ? [] : ['-mesh', write('mesh.yaml', [options.mesh])];
  const args = ['-xds', `127.0.0.1:${xdsPort}`, '-control', `127.0.0.1:${controlPort}`, ...mesh, ...objects];
  const env = {
    ...process.env,
    // what an Envoy as released does not have
    PILOT_ENABLE_METADATA_EXCHANGE: 'false',
    PILOT_ENABLE_ALPN_FILTER: 'false',
    PILOT_DISABLE_MX_ALPN: 'true',
    // 20 minutes otherwise
    PILOT_JWT_PUB_KEY_REFRESH_INTERVAL: '1s',
    ...(options.objects === undefined ? {} : { PILOT_ENABLE_AMBIENT: 'true' }),
  };
  const program = join(await meshTools(), 'istiod-lite');
  const child: ChildProcess = spawn(program, [...args, write('base.yaml', options.base)], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const keep = (text: unknown) => {
    said += text;
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  cleanUp(async () => {
    if (!hasEnded()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const isReady = () => {
    if (hasEnded()) throw new Error(`istiod-lite has ended:\n${said.slice(-3000)}`);
    return /^ready$/m.test(said);
  };
  await waitFor(isReady, 'istiod-lite', () => said.slice(-3000));
  return { xdsPort, setPolicies: (text) => put(controlPort, text).then(pushNumber) };
}

/** Of a version such as 2026-11-24T10:00:00Z/12. */
function pushNumber(version: string): number {
  return Number(/\/(\d+)\s*$/.exec(version)?.[1] ?? 0);
}

function put(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/policies', method: 'PUT' }, (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        answer += chunk;
      });
      response.on('end', () => {
        if (response.statusCode === 200) resolve(answer);
        else reject(new Error(`Istio refused the policies: ${answer}`));
      });
    });
    asked.on('error', reject);
    asked.end(text);
  });
}

export interface IstioProxy {
  readonly envoy: RunningEnvoy;
  readonly secrets: SecretServer;
  /** Replaces the policies and waits until this proxy holds them. */
  setPolicies(text: string): Promise<void>;
}

/** A stock Envoy that Istio configures: a sidecar or a waypoint, as its node says. */
export async function startIstioProxy(options: {
  readonly istiod: Istiod;
  readonly node: object;
  readonly svid: Svid;
  readonly authority: CertificateAuthority;
}): Promise<IstioProxy> {
  const { istiod, node, svid, authority } = options;
  const folder = mkdtempSync(join(tmpdir(), 'fido2-sds-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'sds');
  const secrets = await startSecretServer(socket, svid, authority);
  const grpc = (name: string, assignment: object) => ({
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: assignment,
  });
  const endpoints = [{ lb_endpoints: [{ endpoint: { address: { pipe: { path: socket } } } }] }];
  const ads = { ads: {}, resource_api_version: 'V3' };
  const envoy = await runEnvoy(() => ({
    node,
    bootstrap_extensions: [
      {
        name: 'envoy.bootstrap.internal_listener',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener',
        },
      },
    ],
    dynamic_resources: {
      lds_config: ads,
      cds_config: ads,
      ads_config: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        grpc_services: [{ envoy_grpc: { cluster_name: 'xds-grpc' } }],
      },
    },
    static_resources: {
      clusters: [
        grpc('xds-grpc', loadAssignment('xds-grpc', '127.0.0.1', istiod.xdsPort)),
        grpc('sds-grpc', { cluster_name: 'sds-grpc', endpoints }),
      ],
    },
  }));
  let inForce = '';
  const changed = async () =>
    (await envoy.statistic('listener_manager.listener_added')) +
    (await envoy.statistic('listener_manager.listener_modified'));
  const onWorkers = () => envoy.statistic('listener_manager.listener_create_success');
  return {
    envoy,
    secrets,
    setPolicies: async (text) => {
      if (text === inForce) return;
      const before = { changed: await changed(), onWorkers: await onWorkers() };
      const push = await istiod.setPolicies(text);
      inForce = text;
      await envoy.waitFor(async () => {
        if ((await envoy.statistic('listener_manager.lds.update_rejected')) > 0)
          throw new Error(`Envoy refused the listeners:\n${envoy.log()}`);
        const version = await envoy.reading('listener_manager.lds.version_text');
        if (pushNumber(version) < push) return false;
        const wanted = (await changed()) - before.changed;
        return (await onWorkers()) - before.onWorkers >= wanted;
      }, 'the proxy to hold the policies');
    },
  };
}
