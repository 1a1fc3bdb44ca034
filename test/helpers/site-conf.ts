import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Members = Readonly<Record<string, unknown>>;

/** Text of nginx.conf; a function is told the site's paths. */
export type ConfText = string | ((site: SitePaths) => string);

export interface SiteOptions {
  /** Port of the upstream `app`; with it the site has `/`, `/app/` (policy user) and `/admin/` (policy admin). */
  readonly upstream?: { readonly port: number };
  /** Configuration text inside the server. */
  readonly locations?: ConfText;
  /** The same, before the snippets are included. */
  readonly server?: ConfText;
  /** Configuration text inside http, after http.conf. */
  readonly http?: ConfText;
  /** Members of fido2.json over the defaults, section by section; a function is told the port. */
  readonly settings?: Members | ((port: number) => Members);
  /** The engine that the gate's location runs on. */
  readonly engine?: 'njs' | 'qjs';
  readonly workers?: number;
  /** `fresh`: a new QuickJS context for each request. */
  readonly contexts?: 'reused' | 'fresh';
  readonly crypto?: 'auto' | 'portable';
  /** Changes the whole nginx.conf. */
  readonly conf?: (text: string) => string;
}

export interface SiteSettings extends Members {
  readonly rp: { readonly origins: readonly string[]; readonly [name: string]: unknown };
}

/** fido2.json of a test site. */
export function siteSettings(options: SiteOptions, port: number, data: string): SiteSettings {
  const { settings = {}, crypto = 'auto' } = options;
  const base: SiteSettings = {
    rp: { name: 'Test', origins: [`http://localhost:${port}`] },
    store: { path: data },
    crypto,
    policies: { user: {}, admin: { groups: ['admins'], userVerification: true, maxAge: '5m' } },
  };
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(typeof settings === 'function' ? settings(port) : settings)) {
    merged[name] = isSection(value) && isSection(merged[name]) ? { ...merged[name], ...value } : value;
  }
  return { ...merged, rp: merged.rp as SiteSettings['rp'] };
}

export interface SitePaths {
  readonly folder: string;
  readonly port: number;
  /** Folder of ngx_http_js_module.so. */
  readonly modules: string;
  /** The workers' user; null where nginx is not started by root. */
  readonly user: string | null;
}

/** nginx.conf of a test site; the snippets stand in fido2/ beside it. */
export function siteConf(options: SiteOptions, site: SitePaths): string {
  const { folder, port, modules, user } = site;
  const { upstream, workers = 1, contexts = 'reused', conf } = options;
  const [http, server, locations] = [options.http, options.server, options.locations].map((text = '') =>
    typeof text === 'string' ? text : text(site),
  );
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const text = `load_module ${modules}/ngx_http_js_module.so;
daemon off;
${user === null ? '' : `user ${user};`}
worker_processes ${workers};
pcre_jit on;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log info;
events { worker_connections 4096; }
http {
    access_log off;
    ${temporary.map((name) => `${name}_temp_path ${folder}/temp/${name};`).join('\n    ')}
    ${contexts === 'fresh' ? 'js_context_reuse 0;' : ''}
    include fido2/http.conf;
    ${upstream === undefined ? '' : `upstream app { server 127.0.0.1:${upstream.port}; keepalive 16; }`}
    ${http}
    server {
        listen 127.0.0.1:${port};
        server_name localhost;
        ${server}
        include fido2/server.conf;
        include fido2/discovery.conf;
        include fido2/well-known.conf;
        ${upstream === undefined ? '' : appLocations}
        ${locations}
    }
}
`;
  return conf === undefined ? text : conf(text);
}

const appLocations = `location / { include fido2/public.conf; proxy_pass http://app; }
        ${gatedLocation('/app/', 'user')}
        ${gatedLocation('/admin/', 'admin')}`;

/** A gated location before the upstream `app`; `more` are further directives. */
export function gatedLocation(path: string, policy: string, more = ''): string {
  return `location ${path} {
            auth_request /fido2/authorize/${policy};
            include fido2/upstream.conf;
            ${more}
            proxy_pass http://app$fido2_deny;
        }`;
}

/** Runs the gate's script on the engine: the bundle is the same. */
export function useGateEngine(folder: string, engine: 'njs' | 'qjs'): void {
  if (engine === 'qjs')
    editSnippet('server.conf', (text) => text.replaceAll('js_engine njs;', 'js_engine qjs;'))(folder);
}

/** Edits a snippet of the installation in the folder, as its owner might; throws where the edit changes nothing. */
export function editSnippet(name: string, change: (text: string) => string): (folder: string) => void {
  return (folder) => {
    const path = join(folder, 'conf/fido2', name);
    const text = readFileSync(path, 'utf8');
    const changed = change(text);
    if (changed === text) throw new Error(`the edit changes nothing in ${name}`);
    writeFileSync(path, changed);
  };
}

function isSection(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
