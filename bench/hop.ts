import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { findEnvoy } from '../src/cli/envoy-binary.ts';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { createAuthority } from '../src/cli/start/demo-mesh-certificates.ts';
import { manifestText, renderMesh } from '../src/mesh/render.ts';
import { parseSpiffeId } from '../src/mesh/spiffe.ts';
import { parseSettings } from '../src/policy/settings.ts';
import { enrol } from './ceremonies.ts';
import type { LoadGenerator } from './load.ts';
import { type RunningNginx, startNginx } from './nginx.ts';
import { cpuTime, freePort, type Running, startListening } from './processes.ts';
import { cookieHeader } from './rig.ts';
import { installSite, type Site } from './site.ts';
import { type Spread, spreadOf } from './statistics.ts';
import { startUpstream, upstreamBlock } from './upstream.ts';

export const hopTitles = {
  straight: 'gated, no mesh',
  hop: 'mutual TLS to an Envoy, no token',
  token: 'gated, mutual TLS to an Envoy that does not look at the token',
  verified: 'gated, mutual TLS to an Envoy with the rendered policy',
} as const;

export type HopDesign = keyof typeof hopTitles;

export interface Hop {
  readonly design: HopDesign;
  /** Requests a second. */
  readonly rate: Spread;
  /** Of the rate of mutual TLS to an Envoy without a token, in the same round. */
  readonly ratio: Spread;
  /** Microseconds of processor time a request: nginx’s worker and Envoy. */
  readonly cpu: Spread;
  /** What mutual TLS to an Envoy without a token takes in the same round, divided by what this takes. */
  readonly cpuRatio: Spread;
}

export interface HopPlan {
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
}

const host = 'bench.mesh';
const edge = 'spiffe://bench.mesh/ns/edge/sa/nginx';
const designs = Object.keys(hopTitles) as readonly HopDesign[];

/** Loads each design in turn, round after round. Throws CommandError where there is no Envoy. */
export async function measureHop(
  nginx: Nginx,
  folder: string,
  run: LoadGenerator,
  plan: HopPlan,
  onProgress: (line: string) => void,
): Promise<Hop[]> {
  const envoy = await findEnvoy(onProgress);
  const stops: Running[] = [];
  try {
    const upstream = await startUpstream(nginx, join(folder, 'hop'));
    stops.push(upstream);
    const site = await installSite(join(folder, 'hop/site'));
    const svid = { edge: join(folder, 'hop/edge'), workload: join(folder, 'hop/workload') };
    writeCertificates(svid);
    const ports = { plain: await freePort(), verified: await freePort() };
    const edgeNginx = await startEdge(nginx, site, upstream.port, ports, svid.edge);
    stops.push(edgeNginx);
    const { cookie, person } = await enrol(site, 'ada.lovelace', 0);
    person.agent.destroy();
    const jwks = await (await fetch(`http://127.0.0.1:${site.port}/fido2/jwks.json`)).text();
    const envoys: Partial<Record<'plain' | 'verified', Running>> = {};
    for (const kind of ['plain', 'verified'] as const) {
      const bootstrap = bootstrapOf(site, jwks, { port: upstream.port, listenPort: ports[kind], svid: svid.workload });
      const file = join(svid.workload, `${kind}.json`);
      writeFileSync(file, JSON.stringify(kind === 'plain' ? withoutPolicy(bootstrap) : bootstrap));
      const command = [envoy, '-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'error'];
      const started = await startListening(command, ports[kind], join(folder, 'hop', `${kind}.log`));
      stops.push(started);
      envoys[kind] = started;
    }
    const rounds: Map<HopDesign, { rate: number; cpu: number }>[] = [];
    for (let round = 0; round < plan.rounds; round++) {
      onProgress(`hop: round ${round + 1} of ${plan.rounds}`);
      const one = new Map<HopDesign, { rate: number; cpu: number }>();
      for (let i = 0; i < designs.length; i++) {
        const design = designs[(i + round) % designs.length] ?? 'hop';
        const pids = [edgeNginx.worker, ...Object.values(envoys).map(({ pid }) => pid)];
        const load = { port: site.port, path: `/${design}/orders`, cookie: cookieHeader(cookie), ...plan };
        await run({ ...load, seconds: 1 });
        const time = () => pids.reduce((sum, pid) => sum + cpuTime(pid), 0);
        const before = time();
        const { rate, requests } = await run(load);
        one.set(design, { rate, cpu: (time() - before) / requests });
      }
      rounds.push(one);
    }
    return designs.map((design) => summarize(design, rounds));
  } finally {
    for (const each of stops.reverse()) await each.stop();
  }
}

function summarize(design: HopDesign, rounds: readonly ReadonlyMap<HopDesign, { rate: number; cpu: number }>[]): Hop {
  const of = (name: HopDesign) => rounds.flatMap((round) => round.get(name) ?? []);
  const baseline = of('hop');
  const own = of(design);
  return {
    design,
    rate: spreadOf(own.map(({ rate }) => rate)),
    ratio: spreadOf(own.map(({ rate }, i) => rate / (baseline[i]?.rate ?? Number.NaN))),
    cpu: spreadOf(own.map(({ cpu }) => cpu)),
    cpuRatio: spreadOf(own.map(({ cpu }, i) => (baseline[i]?.cpu ?? Number.NaN) / cpu)),
  };
}

function writeCertificates(folders: { readonly edge: string; readonly workload: string }): void {
  const authority = createAuthority('bench');
  const svids = {
    edge: authority.issue(edge),
    workload: authority.issue('spiffe://bench.mesh/ns/bench/sa/bench', [host]),
  };
  for (const name of ['edge', 'workload'] as const) {
    mkdirSync(folders[name], { recursive: true });
    writeFileSync(join(folders[name], 'svid.pem'), svids[name].certificate);
    writeFileSync(join(folders[name], 'svid.key'), svids[name].key);
    writeFileSync(join(folders[name], 'bundle.pem'), authority.certificate);
  }
}

function startEdge(
  nginx: Nginx,
  site: Site,
  upstream: number,
  ports: { readonly plain: number; readonly verified: number },
  svid: string,
): Promise<RunningNginx> {
  const snippet = join(site.folder, 'fido2/svid.conf');
  writeFileSync(snippet, readFileSync(snippet, 'utf8').replaceAll('/run/spiffe', svid));
  const toEnvoy = (name: string, port: number) => `upstream ${name} {
        server 127.0.0.1:${port};
        keepalive 128;
        keepalive_requests 1000000000;
    }`;
  const location = (design: HopDesign, lines: string) => `location /${design}/ {
            ${lines}
        }`;
  const gate = 'auth_request /fido2/authorize/user; include fido2/upstream.conf;';
  const tls = `include fido2/svid.conf; proxy_ssl_name ${host};`;
  return startNginx(nginx, {
    folder: site.folder,
    port: site.port,
    withJavaScript: true,
    http: (port) => `    include fido2/http.conf;
${upstreamBlock(upstream)}
    ${toEnvoy('plain', ports.plain)}
    ${toEnvoy('verified', ports.verified)}
    server {
        listen 127.0.0.1:${port};
        server_name localhost;
        include fido2/server.conf;
        ${location('straight', `${gate} proxy_pass http://app$fido2_deny;`)}
        ${location('hop', `include fido2/public.conf; ${tls} proxy_pass https://plain;`)}
        ${location('token', `${gate} ${tls} proxy_pass https://plain$fido2_deny;`)}
        ${location('verified', `${gate} ${tls} proxy_pass https://verified$fido2_deny;`)}
    }`,
  });
}

interface Bootstrap {
  readonly static_resources: { readonly listeners: readonly Listener[]; readonly clusters: readonly object[] };
}

interface Listener {
  readonly filter_chains: readonly { readonly filters: readonly { readonly typed_config: HttpFilters }[] }[];
}

interface HttpFilters {
  readonly http_filters: readonly { readonly name: string }[];
}

function bootstrapOf(
  { origin }: Site,
  jwks: string,
  places: { readonly port: number; readonly listenPort: number; readonly svid: string },
): Bootstrap {
  const document = {
    rp: { origins: [origin] },
    identity: { ttl: '300s', refresh: '270s' },
    policies: { user: {} },
    workloads: { bench: { audience: origin, policy: 'user' } },
  };
  const [rendered, ...others] = renderMesh({
    settings: parseSettings(JSON.stringify(document)).settings,
    mesh: 'envoy',
    workloads: [],
    policy: undefined,
    edge: parseSpiffeId(edge),
    keys: { kind: 'inline', jwks },
    places: { ...places, etc: places.svid, waypoint: 'waypoint', gateway: 'fido2' },
  });
  if (rendered === undefined) throw new Error('nothing was rendered');
  for (const each of others) writeFileSync(join(places.svid, each.name), manifestText(each));
  return parse(manifestText(rendered)) as Bootstrap;
}

/** The same Envoy without a look at the token or the caller’s name. */
function withoutPolicy({ static_resources, ...rest }: Bootstrap): object {
  const isRouter = ({ name }: { readonly name: string }) => name === 'envoy.filters.http.router';
  const listeners = static_resources.listeners.map((listener) => ({
    ...listener,
    filter_chains: listener.filter_chains.map((chain) => ({
      ...chain,
      filters: chain.filters.map((filter) => ({
        ...filter,
        typed_config: { ...filter.typed_config, http_filters: filter.typed_config.http_filters.filter(isRouter) },
      })),
    })),
  }));
  return { ...rest, static_resources: { ...static_resources, listeners } };
}
