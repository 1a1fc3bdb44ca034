import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { renderConf } from '../src/cli/nginx-conf.ts';
import { type RunningNginx, startNginx } from './nginx.ts';
import { freePort } from './processes.ts';
import { upstreamBlock } from './upstream.ts';

/** An installation of ngx-fido2 with its own store, in a folder of its own. */
export interface Site {
  readonly folder: string;
  readonly port: number;
  readonly origin: string;
}

export interface SiteOptions {
  readonly crypto?: 'auto' | 'portable';
  /** Default: one that admits every user. */
  readonly policies?: Readonly<Record<string, object>>;
}

/** Writes snippets, scripts and fido2.json as an installation has them. */
export async function installSite(folder: string, options: SiteOptions = {}): Promise<Site> {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const paths = {
    scripts: join(folder, 'fido2'),
    settings: join(folder, 'fido2.json'),
    data: join(folder, 'data'),
    run: join(folder, 'run'),
  };
  for (const path of [folder, paths.data, paths.run]) {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o700);
  }
  renderConf(paths, [origin]);
  const settings = {
    rp: { name: 'Benchmark', origins: [origin] },
    // long-lived, so that no refill falls into a round
    identity: { ttl: '300s', refresh: '270s' },
    store: { path: paths.data },
    crypto: options.crypto ?? 'auto',
    policies: options.policies ?? { user: {} },
  };
  writeFileSync(paths.settings, JSON.stringify(settings));
  return { folder, port, origin };
}

export interface StartOptions {
  readonly upstream: number;
  readonly gateEngine?: 'njs' | 'qjs';
  /** Further locations. */
  readonly locations?: string;
  /** See NginxOptions. */
  readonly under?: readonly string[] | undefined;
}

/** The nginx of the site: everything but /fido2/ is gated and goes to the upstream. */
export function startSite(
  nginx: Nginx,
  site: Site,
  { upstream, gateEngine = 'njs', locations = '', under }: StartOptions,
): Promise<RunningNginx> {
  rmSync(join(site.folder, 'run/fido2.sock'), { force: true });
  // what one worker does once a second is no part of a counted request
  editSnippet(site, 'http.conf', /interval=\d+s/g, `interval=${under === undefined ? 1 : 3600}s`);
  editSnippet(site, 'server.conf', /js_engine \w+;(?=\s+js_import fido2_gate )/g, `js_engine ${gateEngine};`);
  return startNginx(nginx, {
    folder: site.folder,
    port: site.port,
    withJavaScript: true,
    ...(under === undefined ? {} : { under }),
    http: (port) => `    include fido2/http.conf;
${upstreamBlock(upstream)}
    server {
        listen 127.0.0.1:${port};
        server_name localhost;
        include fido2/server.conf;
        location / {
            auth_request /fido2/authorize/user;
            include fido2/upstream.conf;
            proxy_pass http://app$fido2_deny;
        }
${locations}
    }`,
  });
}

/** Throws where the snippet has no such text. */
export function editSnippet(site: Site, snippet: string, pattern: RegExp, to: string): void {
  const file = join(site.folder, 'fido2', snippet);
  const text = readFileSync(file, 'utf8');
  if (text.search(pattern) < 0) throw new Error(`${snippet} has no ${pattern}`);
  writeFileSync(file, text.replace(pattern, to));
}
