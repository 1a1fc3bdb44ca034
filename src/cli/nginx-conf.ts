import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';
import { projectRoot } from './project-root.ts';

/** Absolute paths of one installation. */
export interface ConfPaths {
  /** Folder of the snippets and of the scripts. */
  readonly scripts: string;
  /** fido2.json. */
  readonly settings: string;
  /** Folder of the store. */
  readonly data: string;
  /** Folder of the internal socket. */
  readonly run: string;
}

export const snippets = [
  ...['http.conf', 'server.conf', 'upstream.conf', 'grpc.conf', 'fastcgi.conf', 'uwsgi.conf', 'public.conf'],
  ...['remote-user.conf', 'bearer.conf', 'txn.conf', 'well-known.conf'],
  ...['ext-authz.conf', 'forward-auth.conf', 'auth-url.conf', 'admit.conf', 'admit-user.conf'],
  ...['askers.conf', 'asked.conf'],
  ...['path.conf', 'discovery.conf', 'handler.conf', 'main.conf', 'enrol.conf', 'user.conf'],
  ...['errors.conf', 'refusal.conf', 'svid.conf'],
];
const scripts = [
  'fido2_gate.js',
  'fido2.js',
  'fido2_enrol.js',
  'fido2_pages.js',
  'fido2_user.js',
  'fido2_txn.js',
  'fido2_ml_dsa.js',
];

/** Writes the snippets, the origins and the scripts into the folder `paths.scripts`. */
export function renderConf(paths: ConfPaths, origins: readonly string[]): void {
  const root = projectRoot();
  const missing = scripts.find((name) => !existsSync(join(root, 'build', name)));
  if (missing !== undefined) throw new CommandError(`build/${missing} is missing`, 'npm run build');
  mkdirSync(paths.scripts, { recursive: true });
  for (const name of snippets) {
    const text = readFileSync(join(root, 'nginx-conf', name), 'utf8');
    writeFileSync(join(paths.scripts, name), withPaths(text, paths));
  }
  writeFileSync(join(paths.scripts, 'origin.conf'), originConf(origins));
  for (const name of scripts) writeFileSync(join(paths.scripts, name), readFileSync(join(root, 'build', name)));
}

const standardPaths =
  /(?<![\w/])(?:(\/etc\/nginx\/fido2\/fido2\.json)|(\/etc\/nginx\/fido2(?=\/))|(\/var\/lib\/ngx-fido2)|(\/run\/ngx-fido2))|(?<=\binclude )(fido2)(?=\/)/g;

/** The snippets' text with the paths of this installation in place of the standard ones, in one pass. */
export function withPaths(text: string, paths: ConfPaths): string {
  return text.replace(standardPaths, (_, settings?: string, _scripts?: string, data?: string, run?: string) => {
    if (settings !== undefined) return confPath(paths.settings);
    if (data !== undefined) return confPath(paths.data);
    return confPath(run === undefined ? paths.scripts : paths.run);
  });
}

/**
 * What upstreams are told of scheme and host: the configured origins, the first for every other Host. What all
 * origins have in common is no map, which costs 600 instructions a request.
 */
export function originConf(origins: readonly string[]): string {
  const parsed = origins.map((origin) => new URL(origin));
  const variable = (name: string, value: (origin: URL) => string): string => {
    const [first = '', ...others] = parsed.map(value);
    if (others.every((other) => other === first)) return `js_var ${name} ${first};\n`;
    const rows = others.map((other, i) => `    ${parsed[i + 1]?.host ?? ''} ${other};\n`);
    return `map $http_host ${name} {\n    volatile;\n    default ${first};\n${rows.join('')}}\n`;
  };
  return (
    '# Written from rp.origins of fido2.json.\n' +
    variable('$fido2_host', (origin) => origin.host) +
    variable('$fido2_scheme', (origin) => origin.protocol.slice(0, -1))
  );
}

/** A path that means itself in nginx's configuration: no quoting reaches every place where one stands. */
export function confPath(path: string): string {
  if (/^[\w./@+~-]+$/.test(path)) return path;
  throw new CommandError(
    `the path ${path} holds a character that nginx's configuration gives a meaning`,
    'use a path of letters, digits and . _ - / @ + ~',
  );
}
