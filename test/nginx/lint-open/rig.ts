import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { Authenticator } from '../../helpers/authenticator.ts';
import { cleanUp } from '../../helpers/cleanup.ts';
import { type Enrolment, enrol, get, request } from '../../helpers/client.ts';
import { ngxFido2 } from '../../helpers/command.ts';
import { startFastCgi } from '../../helpers/fastcgi.ts';
import { freePort } from '../../helpers/free-port.ts';
import { type RunningNginx, startNginx } from '../../helpers/nginx.ts';
import { serverCertificate } from '../../helpers/server-certificate.ts';
import type { SitePaths } from '../../helpers/site-conf.ts';
import { type Arrived, type Respond, startUpstream } from '../../helpers/upstream.ts';
import { startUwsgi } from '../../helpers/uwsgi.ts';
import { scripts } from './scripts.ts';
import {
  bareRefusals,
  type Place,
  partsOf,
  type ServerText,
  type Trap,
  type TrapText,
  type VisitOptions,
  type Visitor,
} from './trap.ts';

export interface Found {
  readonly code: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly fix: string;
}

export interface TrapSite {
  readonly nginx: RunningNginx;
  visitor(trap: number, side: Side): Visitor;
  /** What `check --nginx` finds in the lines of this server. */
  findings(trap: number, side: Side): Found[];
  /** The line of nginx.conf that ends in `# here`; throws unless there is one. */
  marked(trap: number): number;
}

export type Side = 'bad' | 'good';

/** A page that includes a gated one, an application that refuses by itself, and one that tells who asked. */
const respond: Respond = (arrived, response) => {
  const [, status = '200'] = /\/status-(\d+)/.exec(arrived.url) ?? [];
  response.writeHead(Number(status), { 'Content-Type': 'text/html' });
  const token = arrived.headers.find(([name]) => name.toLowerCase() === 'fido2-identity')?.[1];
  response.end(
    arrived.url.startsWith('/ssi') ? '<!--#include virtual="/app/included" -->' : `for ${token ?? 'nobody'}`,
  );
};

/** Somebody who answers in the place of the TLS upstream, with a certificate of his own. */
async function startImpostor(arrived: Arrived[]): Promise<number> {
  const { certificate, key } = serverCertificate('impostor.example');
  const server = createServer({ cert: certificate, key }, ({ method = '', url = '', headers }, response) => {
    const seen = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    const header = (name: string) => seen.find(([each]) => each === name)?.[1];
    arrived.push({ method, url, headers: seen, body: Buffer.alloc(0), header });
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the impostor has no port');
  return address.port;
}

/** An upstream that speaks HTTP/2 and remembers the headers. */
async function startGrpc(arrived: ReadonlyMap<string, string>[]): Promise<number> {
  const server = createHttp2Server();
  server.on('stream', (stream, headers) => {
    arrived.push(new Map(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), String(value)])));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { endStream: true });
  });
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => sessions.add(session));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gRPC upstream has no port');
  return address.port;
}

const hostOf = (trap: number, side: Side): string => `${side}-${trap}.test`;
const begin = (trap: number, side: Side): string => `# begin ${hostOf(trap, side)}`;
const end = (trap: number, side: Side): string => `# end ${hostOf(trap, side)}`;

function textOf(text: TrapText, place: Place): string {
  return typeof text === 'string' ? text : text(place);
}

function serverOf(
  { http = '', server, installed = true, pages = false }: ServerText,
  place: Place,
  host: string,
  port: number,
): string {
  const listen = `listen 127.0.0.1:${port}; listen 127.0.0.1:${place.relayPort} proxy_protocol;`;
  const refusals = pages ? 'include fido2/refusals-only.conf;' : bareRefusals;
  const include = installed ? `include fido2/gate-only.conf;\n${refusals}` : '';
  return `${textOf(http, place)}
server {
${listen} server_name ${host};
${include}
${textOf(server, place)}
}`;
}

/** All traps and what comes near them, each in a server of its own of one nginx, and one run of the check. */
export async function startTraps(traps: readonly Trap[]): Promise<TrapSite> {
  const [app, other, fastCgi, uwsgi] = await Promise.all([
    startUpstream(respond),
    startUpstream(respond),
    startFastCgi(),
    startUwsgi(),
  ]);
  const foreign: Arrived[] = [];
  const impostor = await startImpostor(foreign);
  const streams: ReadonlyMap<string, string>[] = [];
  const grpc = await startGrpc(streams);
  const relayPort = await freePort();
  const placeIn = ({ folder, port }: Pick<SitePaths, 'folder' | 'port'>): Place => ({
    ...{ folder, port, relayPort, otherPort: other.port },
    snippet: (name) => readFileSync(join(folder, 'conf/fido2', name), 'utf8'),
  });
  const upstreams = { other: other.port, tls: impostor, fastcgi: fastCgi.port, uwsgi: uwsgi.port, grpc };
  const sides = traps.flatMap((trap, i) => (['bad', 'good'] as const).map((side) => ({ trap, i, side })));
  const nginx = await startNginx({
    upstream: app,
    settings: {
      policies: { office: { networks: ['127.0.0.0/8'] } },
      workloads: { payments: { audience: 'https://payments.example' }, books: { audience: 'b', policy: 'admin' } },
    },
    http: (site) => {
      const place = placeIn(site);
      const servers = sides.map(({ trap, i, side }) =>
        [begin(i, side), serverOf(trap[side], place, hostOf(i, side), site.port), end(i, side)].join('\n'),
      );
      const named = Object.entries(upstreams).map(([name, port]) => `upstream ${name} { server 127.0.0.1:${port}; }`);
      const cache = `proxy_cache_path ${site.folder}/temp/cache keys_zone=pages:1m; server_names_hash_bucket_size 128;`;
      return [cache, ...named, ...servers].join('\n');
    },
    prepare: (folder) => {
      const { gate, optional, refusals } = partsOf(readFileSync(join(folder, 'conf/fido2/server.conf'), 'utf8'));
      writeFileSync(join(folder, 'conf/fido2/gate-only.conf'), `${gate}${optional}`);
      writeFileSync(join(folder, 'conf/fido2/refusals-only.conf'), refusals);
      for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, 'conf', name), text);
      for (const [path, text] of [
        ['www/app/page.html', 'a gated file'],
        ['www/open/page.html', 'an open one'],
      ] as const) {
        mkdirSync(join(folder, path, '..'), { recursive: true });
        writeFileSync(join(folder, path), text);
      }
      const { certificate, key, root } = serverCertificate('tls');
      const files = { 'ca.pem': root, 'tls.crt': certificate, 'tls.key': key };
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    },
  });
  const enrolled: Record<'ada' | 'bob', Enrolment> = {
    ada: await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] }),
    bob: await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' }),
  };
  const conf = join(nginx.folder, 'conf/nginx.conf');
  const lines = readFileSync(conf, 'utf8').split('\n');
  const checked = await ngxFido2(['check', '--nginx', conf, '--json']);
  if (checked.stdout === '') throw new Error(`the check says nothing:\n${checked.stderr}`);
  const { findings } = JSON.parse(checked.stdout) as { findings: Found[] };
  const range = (trap: number, side: Side): [first: number, last: number] => [
    lines.indexOf(begin(trap, side)) + 1,
    lines.indexOf(end(trap, side)) + 1,
  ];

  return {
    nginx,
    findings(trap, side) {
      const [first, last] = range(trap, side);
      // the servers of the other traps pass to the same upstream
      const isOfOthers = (code: string): boolean => code === 'gated_elsewhere' && traps[trap]?.code !== code;
      const inside = findings.filter(({ file, line }) => file === conf && line > first && line < last);
      return inside.filter(({ code }) => !isOfOthers(code));
    },
    marked(trap) {
      const [first, last] = range(trap, 'bad');
      const found = lines.flatMap((text, i) => (i >= first && i < last && text.endsWith('# here') ? [i + 1] : []));
      if (found.length !== 1) throw new Error(`${found.length} lines are marked in ${traps[trap]?.name}`);
      return found[0] ?? 0;
    },
    visitor(trap, side) {
      const host = hostOf(trap, side);
      const site = { port: nginx.port, origin: `http://${host}` };
      const cookie = (of: 'ada' | 'bob'): string => enrolled[of].cookie;
      const logs = [app.arrived, other.arrived, foreign, fastCgi.arrived, uwsgi.arrived, streams];
      const visit = async (path: string, { as, ...options }: VisitOptions = {}) => {
        const before = logs.map(({ length }) => length);
        const answer = await request(site, { path, ...options, ...(as && { cookie: cookie(as) }) });
        // a mirrored request goes on after the answer
        await get(nginx, '/fido2/healthz');
        const [n = 0, o = 0, t = 0, f = 0, u = 0, g = 0] = before;
        return {
          answer,
          app: app.arrived.slice(n),
          other: [...other.arrived.slice(o), ...foreign.slice(t)],
          parameters: [
            ...fastCgi.arrived.slice(f).map(({ params }) => params),
            ...uwsgi.arrived.slice(u),
            ...streams.slice(g),
          ],
        };
      };
      const during = async (work: () => Promise<void>) => {
        const before = app.arrived.length;
        await work();
        await get(nginx, '/fido2/healthz');
        return { app: app.arrived.slice(before) };
      };
      return { host, place: placeIn(nginx), cookie, visit, during };
    },
  };
}
