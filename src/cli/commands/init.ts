import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseSettings } from '../../policy/settings.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { storeFolder } from '../installation.ts';
import { originConf, renderConf } from '../nginx-conf.ts';
import type { Answer } from '../output.ts';
import { readSettings } from '../settings-file.ts';
import { checkInstallation } from './check.ts';

const host = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:\d{1,5})?$/;
const upstreamForm = /^(unix:\/[\w./-]+|[\w.-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?)$/;

export const initCommand: Command = {
  name: 'init',
  summary: 'write the files that put ngx-fido2 before a site',
  example: 'init --for grafana.example.com --upstream 127.0.0.1:3000',
  options: [
    { flags: '--for <host>', summary: 'the name under which browsers reach the site' },
    { flags: '--upstream <address>', summary: 'what nginx passes requests to', default: '127.0.0.1:3000' },
    { flags: '--to <dir>', summary: 'folder of the files', default: '/etc/nginx/fido2' },
    { flags: '--store <dir>', summary: 'folder of keys and records', default: '/var/lib/ngx-fido2' },
    { flags: '--run <dir>', summary: 'folder of the internal socket', default: '/run/ngx-fido2' },
    { flags: '--container', summary: 'write what the container is given at /etc/nginx/site, and no more' },
    { flags: '--force', summary: 'replace a fido2.json that is there' },
    { flags: '--update', summary: 'write everything again but fido2.json and site.conf' },
  ],
  run: async (input) => (input.flag('update') ? update(input) : create(input)),
};

async function create(input: Input): Promise<Answer> {
  const site = input.text('for') ?? '';
  if (!host.test(site)) throw new CommandError('--for needs a host name', 'write --for app.example.com', 2);
  const upstream = input.text('upstream') ?? '';
  if (!upstreamForm.test(upstream)) {
    throw new CommandError(`--upstream ${upstream} is no address`, 'write --upstream 127.0.0.1:3000', 2);
  }
  const [to, store, run] = [folder(input, 'to'), folder(input, 'store'), folder(input, 'run')];
  const settings = join(to, 'fido2.json');
  if (existsSync(settings) && !input.flag('force')) {
    const hint = '--update renews the files beside it, --force replaces it, --to names another folder';
    throw new CommandError(`${settings} is there already`, hint);
  }
  const text = settingsText(`https://${site}`, store);
  const { origins } = parseSettings(text).settings.rp;
  if (input.flag('container')) return createForContainer(to, site, upstream, text, origins);
  renderConf({ scripts: to, settings, data: store, run }, origins);
  writeFileSync(settings, text);
  writeFileSync(join(to, 'site.conf'), siteConf(site, upstream, to));
  const next = [
    `install -d -m 0700 -o NGINX_USER ${store} ${run}`,
    'load_module modules/ngx_http_js_module.so;   at the top of nginx.conf',
    `include ${to}/http.conf; include ${to}/site.conf;   inside http { }`,
    `ngx-fido2 check --config ${settings}`,
    `ngx-fido2 invite YOUR-NAME --group admins --config ${settings}`,
  ];
  const checked = checkOf(settings);
  return {
    json: { config: settings, folder: to, store, run, site: join(to, 'site.conf'), check: checked, next },
    lines: [`written: ${to}`, `check: ${checked}`, 'next:', ...next.map((step, i) => `  ${i + 1}. ${step}`)],
  };
}

/** `ok`, or what is missing yet. */
function checkOf(settings: string): string {
  try {
    checkInstallation(settings);
    return 'ok';
  } catch (error) {
    if (error instanceof CommandError) return error.message;
    throw error;
  }
}

/** The image has the scripts and snippets; the site is three files. */
function createForContainer(
  to: string,
  site: string,
  upstream: string,
  settings: string,
  origins: readonly string[],
): Answer {
  mkdirSync(to, { recursive: true });
  const files = {
    'fido2.json': settings,
    'origin.conf': originConf(origins),
    'site.conf': containerSite(site, upstream),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(to, name), text);
  return {
    json: { folder: to, files: Object.keys(files) },
    lines: [
      `written: ${Object.keys(files).join(', ')} in ${to}`,
      `next: mount ${to} at /etc/nginx/site, read-only (docs/containers.md)`,
    ],
  };
}

/** After an upgrade, or when rp.origins changed: everything but fido2.json and site.conf, which are the owner's. */
async function update(input: Input): Promise<Answer> {
  const to = folder(input, 'to');
  const path = join(to, 'fido2.json');
  const { settings } = readSettings(path);
  const run = runFolderOf(join(to, 'http.conf')) ?? folder(input, 'run');
  const store = storeFolder(to, settings);
  renderConf({ scripts: to, settings: path, data: store, run }, settings.rp.origins);
  return {
    json: { config: path, folder: to, store, run },
    lines: [`written again: ${to}, but for fido2.json and site.conf`, 'in force after: nginx -t && nginx -s reload'],
  };
}

/** Where the internal socket stands so far. */
function runFolderOf(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  return /listen unix:(\/\S+)\/fido2\.sock/.exec(readFileSync(path, 'utf8'))?.[1];
}

function folder(input: Input, option: string): string {
  return resolve(input.text(option) ?? '.');
}

function settingsText(origin: string, store: string): string {
  const settings = {
    rp: { origins: [origin] },
    store: { type: 'file', path: store },
    policies: {
      user: {},
      admin: { groups: ['admins'], userVerification: true, maxAge: '5m' },
    },
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

const appLocation = (snippets: string): string => `    location / {
        auth_request /fido2/authorize/user;
        include ${snippets}/upstream.conf;
        proxy_pass http://fido2_app$fido2_deny;
    }
`;

const serverIncludes = (snippets: string): string => `    include ${snippets}/server.conf;
    include ${snippets}/discovery.conf;
    include ${snippets}/well-known.conf;
`;

const upstreamBlock = (address: string): string => `upstream fido2_app {
    server ${address};
    keepalive 32;
}
`;

function siteConf(site: string, upstream: string, folder: string): string {
  return `# The site ${site} behind ngx-fido2. The certificate's paths are yours to fill in.
${upstreamBlock(upstream)}server {
    listen 443 ssl;
    server_name ${site.replace(/:\d+$/, '')};
    ssl_certificate     /etc/nginx/tls/${site}.crt;
    ssl_certificate_key /etc/nginx/tls/${site}.key;

${serverIncludes(folder)}
${appLocation(folder)}}
`;
}

function containerSite(site: string, upstream: string): string {
  return `# The site ${site} in the container of ngx-fido2. Browsers reach it by https: TLS ends before the container, or here with
# "listen 8443 ssl;" and a certificate that is mounted too.
${upstreamBlock(upstream)}server {
    listen 8080;
    server_name ${site.replace(/:\d+$/, '')};

${serverIncludes('fido2')}
${appLocation('fido2')}}
`;
}
