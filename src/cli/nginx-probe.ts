import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ProcessResult, runProcess } from './run-process.ts';

/** Older releases let a rejected handler pass (CVE-2026-18329) and lack QuickJS or the fixes that the gate rests on. */
export const leastNjsVersion = '1.0.2';

export interface NginxVersions {
  readonly version: string;
  readonly njsVersion: string;
}

/** Why a candidate does not fit, in words that follow its name: "has njs 0.8.9". */
export class UnfitNginx extends Error {}

const script = `function probe() { ngx.log(ngx.ERR, 'probe ' + njs.version + ' ' + njs.engine + ' end'); }
export default { probe };
`;

function configuration(folder: string, modules: string, arguments_: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .filter((name) => !arguments_.includes(`--without-http_${name}_module`))
    .map((name) => `${name}_temp_path ${folder}/${name};`);
  return `daemon off; master_process off; pid ${folder}/pid; error_log stderr notice;
load_module ${modules}/ngx_http_js_module.so;
events {}
http {
  access_log off; auth_request off; ${temporary.join(' ')}
  server {
    listen unix:${folder}/socket;
    location / { js_engine qjs; js_path ${folder}; js_import probe from probe.js; js_periodic probe.probe; return 204; }
  }
}
`;
}

/**
 * Starts the candidate for a moment and asks njs itself, because neither `nginx -V` nor `nginx -t` tells its version.
 * `command` makes the argument list for a program that must be able to read and write the given folders.
 */
export async function probeNginx(
  command: (folders: readonly string[]) => readonly string[],
  modules: string,
): Promise<NginxVersions> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-probe-'));
  try {
    const about = await runProcess([...command([folder]), '-V'], { timeout: 10_000 });
    const version = /nginx version: [^/\s]+\/(\S+)/.exec(about.stderr)?.[1];
    if (version === undefined) throw new UnfitNginx(`does not run${reason(about)}`);
    writeFileSync(join(folder, 'probe.js'), script);
    writeFileSync(join(folder, 'nginx.conf'), configuration(folder, modules, about.stderr));
    const found = /probe (\S+) (\S+) end/;
    const result = await runProcess(
      [...command([folder]), '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'],
      { timeout: 10_000, until: (stderr) => found.test(stderr) },
    );
    const [, njsVersion, engine] = found.exec(result.stderr) ?? [];
    if (njsVersion === undefined) throw new UnfitNginx(`has no njs with QuickJS${reason(result)}`);
    if (engine !== 'QuickJS') throw new UnfitNginx(`has njs ${njsVersion} without QuickJS`);
    if (isOlder(njsVersion, leastNjsVersion)) throw new UnfitNginx(`has njs ${njsVersion}`);
    return { version, njsVersion };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Compares dotted versions by their numbers; whatever is not a number counts as 0. */
export function isOlder(version: string, than: string): boolean {
  const left = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const right = than.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

function reason(result: ProcessResult): string {
  const lines = result.stderr.trim().split('\n');
  const line = lines.find((candidate) => candidate.includes('[emerg]')) ?? lines.at(-1) ?? '';
  const text = line.replace(/^.*\[emerg\] (\d+#\d+: )?/, '').replace(/ in \S*fido2-probe-\S*$/, '');
  return text === '' ? '' : ` (${text.slice(0, 200)})`;
}
