import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { manifestText, renderMesh } from '../../src/mesh/render.ts';
import { parseSpiffeId } from '../../src/mesh/spiffe.ts';
import { parseSettings } from '../../src/policy/settings.ts';
import { type CertificateAuthority, createAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { get } from '../helpers/client.ts';
import { type RunningEnvoy, startEnvoy } from '../helpers/envoy.ts';
import { freePort } from '../helpers/free-port.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { editSnippet } from '../helpers/site-conf.ts';
import { createSvid, writeSvid } from '../helpers/svid.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { edgeId } from './fixtures.ts';

export const workloadHost = 'payments.payments.svc';
export const workloadId = 'spiffe://cluster.local/ns/payments/sa/payments';

export interface EdgeRigOptions {
  readonly authority?: CertificateAuthority;
  /** More locations of nginx, told the port of Envoy. */
  readonly locations?: (port: number) => string;
}

/** nginx at the edge, mutual TLS, a real Envoy with the policy that was rendered for it, a workload that records. */
export interface EdgeRig {
  readonly nginx: RunningNginx;
  readonly envoy: RunningEnvoy;
  /** Where Envoy listens. */
  readonly port: number;
  readonly workload: Upstream;
  readonly authority: CertificateAuthority;
  /** Gives the edge a new certificate. nginx reads it at the next reload. */
  renewEdge(): void;
  /** A certificate of the edge with the key of another. */
  breakEdge(): void;
  /** As renewEdge for Envoy, which reads it by itself. */
  renewWorkload(): void;
  /** Serial numbers of the certificates that Envoy’s callers showed, a line a request. */
  readonly accessLog: string;
}

interface Listener {
  readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: object }[] }[];
}

const policies = { payers: { groups: ['payments'] } };
const workloads = { payments: { audience: 'https://payments.example.com', policy: 'payers' } };

/** Two workers of nginx. */
export async function startEdgeRig(options: EdgeRigOptions = {}): Promise<EdgeRig> {
  const { authority = createAuthority('cluster.local'), locations } = options;
  const folder = mkdtempSync(join(tmpdir(), 'fido2-edge-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const [edge, own] = ['edge', 'workload'].map((name) => join(folder, name, 'svid')) as [string, string];
  for (const each of [edge, own]) mkdirSync(each, { recursive: true });
  const renewEdge = () => writeSvid(edge, createSvid(authority, edgeId), authority);
  const breakEdge = () => {
    const { key } = createSvid(authority, edgeId);
    writeSvid(edge, { ...createSvid(authority, edgeId), key }, authority);
  };
  const renewWorkload = () => writeSvid(own, createSvid(authority, workloadId, [workloadHost]), authority);
  renewEdge();
  renewWorkload();
  const workload = await startUpstream();
  const port = await freePort();
  const nginx = await startNginx({
    workers: 2,
    http: `upstream ${workloadHost} { server 127.0.0.1:${port}; keepalive 8; }`,
    locations: `location /pay/ {
            auth_request /fido2/authorize/payers/payments;
            include fido2/upstream.conf;
            include fido2/svid.conf;
            proxy_pass https://${workloadHost}$fido2_deny;
        }
        ${locations?.(port) ?? ''}`,
    settings: { policies, workloads },
    prepare: editSnippet('svid.conf', (text) => text.replaceAll('/run/spiffe', edge)),
  });
  const accessLog = join(folder, 'access.log');
  const { listeners, clusters } = await renderedFor(nginx, {
    port: workload.port,
    listenPort: port,
    svid: own,
    etc: folder,
  });
  const envoy = await startEnvoy({ clusters, listeners: listeners.map((each) => withAccessLog(each, accessLog)) });
  return { nginx, envoy, port, workload, authority, renewEdge, breakEdge, renewWorkload, accessLog };
}

async function renderedFor(
  nginx: RunningNginx,
  places: { readonly port: number; readonly listenPort: number; readonly svid: string; readonly etc: string },
): Promise<{ listeners: readonly Listener[]; clusters: readonly object[] }> {
  const document = { rp: { origins: [nginx.origin] }, policies, workloads };
  const files = renderMesh({
    settings: parseSettings(JSON.stringify(document)).settings,
    mesh: 'envoy',
    workloads: [],
    policy: undefined,
    edge: parseSpiffeId(edgeId),
    keys: { kind: 'inline', jwks: (await get(nginx, '/fido2/jwks.json')).text },
    places: { ...places, waypoint: 'waypoint', gateway: 'fido2' },
  });
  for (const file of files) writeFileSync(join(places.etc, file.name), manifestText(file));
  const [bootstrap] = files;
  if (bootstrap === undefined) throw new Error('nothing was rendered');
  const { static_resources } = parse(manifestText(bootstrap)) as {
    static_resources: { listeners: readonly Listener[]; clusters: readonly object[] };
  };
  return static_resources;
}

/** The listener as it was rendered, and a line for each request. */
function withAccessLog(listener: Listener, path: string): object {
  const access_log = [
    {
      name: 'envoy.access_loggers.file',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
        path,
        log_format: { text_format_source: { inline_string: '%DOWNSTREAM_PEER_SERIAL% %RESPONSE_CODE%\n' } },
      },
    },
  ];
  const chains = listener.filter_chains.map((chain) => ({
    ...chain,
    filters: chain.filters.map((filter) => ({ ...filter, typed_config: { ...filter.typed_config, access_log } })),
  }));
  return { ...listener, filter_chains: chains };
}
