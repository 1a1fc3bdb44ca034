import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { type RunningNginx, startNginx } from './nginx.ts';
import { type Site, startSite } from './site.ts';
import { upstreamBlock } from './upstream.ts';

export type DesignName = 'plain' | 'headers' | 'gated' | 'quickjs' | 'service';

export const designTitles: Readonly<Record<DesignName, string>> = {
  plain: 'plain proxy',
  headers: 'proxy with the same headers',
  gated: 'gated by ngx-fido2',
  quickjs: 'the same gate on QuickJS',
  service: 'auth_request to a Node service',
};

/** What all designs share. */
export interface Setting {
  readonly nginx: Nginx;
  readonly folder: string;
  readonly site: Site;
  /** Port of the upstream. */
  readonly upstream: number;
  /** Port of the Node service that checks sessions. */
  readonly service: number;
  /** The identity token that a gated upstream receives. */
  readonly token: string;
  /** What is left of the Cookie header. */
  readonly otherCookies: string;
}

export function startDesign(name: DesignName, setting: Setting, under?: readonly string[]): Promise<RunningNginx> {
  if (name === 'gated' || name === 'quickjs') {
    const gateEngine = name === 'gated' ? 'njs' : 'qjs';
    return startSite(setting.nginx, setting.site, { upstream: setting.upstream, gateEngine, under });
  }
  const inside = { plain: plainLocation, headers: headersLocation, service: serviceLocation }[name](setting);
  return startNginx(setting.nginx, {
    folder: join(setting.folder, name),
    ...(under === undefined ? {} : { under }),
    http: (port) => `${upstreamBlock(setting.upstream)}
    upstream sessions {
        server 127.0.0.1:${setting.service};
        keepalive 128;
        keepalive_requests 1000000000;
    }
    server {
        listen 127.0.0.1:${port};
${inside}
    }`,
  });
}

function plainLocation(): string {
  return `        location / {
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_pass http://app;
        }`;
}

/** The headers of upstream.conf, as many and as long, with everything that the gate finds out written down. */
function headersLocation(setting: Setting): string {
  return `        location / {
            proxy_http_version 1.1;
${literalHeaders(setting, setting.token).join('\n')}
            proxy_pass http://app;
        }`;
}

/** What people have who put a small service beside nginx. */
function serviceLocation(setting: Setting): string {
  return `        location / {
            auth_request /session;
            auth_request_set $identity $upstream_http_fido2_identity;
            proxy_http_version 1.1;
${literalHeaders(setting, '$identity').join('\n')}
            proxy_pass http://app;
        }
        location = /session {
            internal;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
            proxy_pass http://sessions;
        }`;
}

function literalHeaders({ site, otherCookies }: Setting, identity: string): string[] {
  const values: Readonly<Record<string, string>> = {
    $fido2_host: `localhost:${site.port}`,
    $fido2_scheme: 'http',
    $http_upgrade: '',
    $fido2_connection: '',
    $fido2_before$fido2_after: otherCookies,
    $fido2_identity: identity,
  };
  return readFileSync(join(site.folder, 'fido2/upstream.conf'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, name, value = ''] = /^proxy_set_header (\S+) (\S+);/.exec(line) ?? [];
      if (name === undefined) return [];
      const written = Object.hasOwn(values, value) ? `"${values[value]}"` : value;
      if (/\$fido2/.test(written)) throw new Error(`no literal for ${value} of upstream.conf`);
      return [`            proxy_set_header ${name} ${written};`];
    });
}
