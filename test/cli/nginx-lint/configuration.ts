import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { originConf, snippets } from '../../../src/cli/nginx-conf.ts';
import { type LintFinding, lint } from '../../../src/cli/nginx-lint/lint.ts';
import { siteOf } from '../../../src/cli/nginx-lint/site.ts';
import { parseConf } from '../../../src/cli/nginx-tree.ts';
import { parseSettings } from '../../../src/policy/settings.ts';
import { projectFolder } from '../../helpers/command.ts';

export const shippedSnippet = (name: string): string => readFileSync(join(projectFolder, 'nginx-conf', name), 'utf8');

export const shippedConf = shippedSnippet('nginx.conf');

/** This nginx.conf and the snippets that it reaches, below `folder`, with some of them replaced. */
export function confFiles(
  main: string,
  replaced: Readonly<Record<string, string>> = {},
  folder = '/etc/nginx',
): ReadonlyMap<string, string> {
  const texts = new Map([
    ['nginx.conf', main],
    ...snippets.map((name): [string, string] => [`fido2/${name}`, shippedSnippet(name)]),
    ['fido2/origin.conf', originConf(['https://app.example.com'])],
    ...Object.entries(replaced).map(([name, text]): [string, string] => [`fido2/${name}`, text]),
  ]);
  const reached = new Set(['nginx.conf']);
  for (const name of reached) {
    const text = (texts.get(name) ?? '').replace(/^\s*#.*$/gm, '');
    for (const [, included = ''] of text.matchAll(/include (fido2\/[\w.-]+);/g)) reached.add(included);
  }
  return new Map([...texts].filter(([name]) => reached.has(name)).map(([name, text]) => [`${folder}/${name}`, text]));
}

export const settings = {
  rp: { origins: ['https://app.example.com'] },
  store: { path: '/var/lib/ngx-fido2' },
  policies: { user: {}, admin: { groups: ['admins'] }, office: { networks: ['10.0.0.0/8'] } },
  workloads: {
    payments: { audience: 'https://payments.example.com' },
    books: { audience: 'https://books.example.com', policy: 'admin' },
  },
};

export interface LintOptions {
  readonly replaced?: Readonly<Record<string, string>>;
  readonly modeOf?: (folder: string) => number | null;
}

/** Lints this nginx.conf with the snippets as they are shipped. */
export function lintConf(main: string, { replaced = {}, modeOf = () => null }: LintOptions = {}): LintFinding[] {
  const tree = parseConf({ main: '/etc/nginx/nginx.conf', texts: confFiles(main, replaced) });
  const { settings: parsed } = parseSettings(JSON.stringify(settings));
  return lint(siteOf(tree, { settings: parsed, storeFolder: '/var/lib/ngx-fido2', modeOf }));
}

export interface Parts {
  readonly main?: string;
  readonly http?: string;
  readonly server?: string;
  /** In the gated location /app/. */
  readonly gated?: string;
  /** In the open location /. */
  readonly open?: string;
  readonly auth?: string;
  readonly include?: string;
  readonly pass?: string;
  readonly openInclude?: string;
  readonly openPass?: string;
}

/** A site with an open location and two gated ones, and what a test adds or replaces. */
export function siteWith(parts: Parts): string {
  return `${parts.main ?? 'pcre_jit on;'}
events { }
http {
  include fido2/http.conf;
  ${parts.http ?? ''}
  upstream app { server 127.0.0.1:3000; }
  upstream other { server 127.0.0.1:3001; }
  server {
    listen 443 ssl;
    server_name app.example.com;
    include fido2/server.conf;
    ${parts.server ?? ''}
    location / {
      ${parts.open ?? ''}
      ${parts.openInclude ?? 'include fido2/public.conf;'}
      ${parts.openPass ?? 'proxy_pass http://app;'}
    }
    location /app/ {
      ${parts.auth ?? 'auth_request /fido2/authorize/user;'}
      ${parts.gated ?? ''}
      ${parts.include ?? 'include fido2/upstream.conf;'}
      ${parts.pass ?? 'proxy_pass http://app$fido2_deny;'}
    }
    location /admin/ {
      auth_request /fido2/authorize/admin;
      include fido2/upstream.conf;
      proxy_pass http://app$fido2_deny;
    }
  }
}
`;
}
