import {
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findNginx } from '../../src/cli/nginx-binary.ts';
import { ngxFido2, projectFolder, runProgram } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';

let folder: string;
let to: string;

beforeAll(async () => {
  const built = await runProgram([process.execPath, 'esbuild.config.mjs'], { cwd: projectFolder });
  expect(built.stderr).toBe('');
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fido2-init-'));
  to = join(folder, 'fido2');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const init = (...args: string[]) =>
  ngxFido2(['init', '--to', to, '--store', join(folder, 'store'), '--run', join(folder, 'run'), ...args]);

test('writes settings for the host and says what comes next', async () => {
  const { status, stdout } = await init('--for', 'grafana.example.com', '--upstream', '10.0.0.7:3000');
  expect(status).toBe(0);
  expect(stdout).toContain(`ngx-fido2 check --config ${join(to, 'fido2.json')}`);
  const settings = JSON.parse(readFileSync(join(to, 'fido2.json'), 'utf8'));
  expect(settings.rp).toEqual({ origins: ['https://grafana.example.com'] });
  expect(settings.store.path).toBe(join(folder, 'store'));
  expect(readFileSync(join(to, 'origin.conf'), 'utf8')).toContain('js_var $fido2_host grafana.example.com;');
  expect(readFileSync(join(to, 'site.conf'), 'utf8')).toContain('server 10.0.0.7:3000;');
});

test('replaces settings that are there only with --force', async () => {
  await init('--for', 'a.example.com');
  const again = await init('--for', 'b.example.com');
  expect(again.status).toBe(1);
  expect(again.stderr).toContain('--force');
  expect(readFileSync(join(to, 'fido2.json'), 'utf8')).toContain('a.example.com');
  expect((await init('--for', 'b.example.com', '--force')).status).toBe(0);
  expect(readFileSync(join(to, 'fido2.json'), 'utf8')).toContain('b.example.com');
});

test('--update follows changed origins and leaves what is the owner’s', async () => {
  await init('--for', 'a.example.com');
  mkdirSync(join(folder, 'store'), { mode: 0o700 });
  const settings = join(to, 'fido2.json');
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('a.example.com', 'b.example.com'));
  writeFileSync(join(to, 'site.conf'), '# mine\n');
  const check = () => ngxFido2(['check', '--config', settings]);
  if (process.geteuid?.() === 0) chownSync(join(folder, 'store'), 4711, 4711);
  const stale = await check();
  expect(stale.status).toBe(1);
  expect(stale.stderr).toContain(`hint: ngx-fido2 init --update --to ${to}`);
  expect((await ngxFido2(['init', '--update', '--to', to])).status).toBe(0);
  expect(readFileSync(join(to, 'http.conf'), 'utf8')).toContain(`listen unix:${folder}/run/fido2.sock`);
  expect((await check()).stdout).toMatch(/^ok: 2 policies/);
  expect(readFileSync(settings, 'utf8')).toContain('b.example.com');
  expect(readFileSync(join(to, 'site.conf'), 'utf8')).toBe('# mine\n');
});

test.each([
  [['--for', 'a b']],
  [['--for', 'a.example.com;}']],
  [['--for', 'a.example.com', '--upstream', '127.0.0.1:3000; } server {']],
  [[]],
])('what would not be a host or an address is wrong usage: %j', async (args) => {
  expect((await init(...args)).status).toBe(2);
});

test('says what its check misses yet', async () => {
  const { stdout } = await init('--for', 'a.example.com');
  expect(stdout).toContain(`check: the store's folder ${join(folder, 'store')} does not exist`);
  mkdirSync(join(folder, 'store'), { mode: 0o700 });
  if (process.geteuid?.() === 0) chownSync(join(folder, 'store'), 4711, 4711);
  expect((await init('--for', 'a.example.com', '--force')).stdout).toContain('check: ok');
});

describe.runIf(await needs('nginx'))('nginx', () => {
  async function accepts(http: string): Promise<void> {
    for (const name of ['run', 'temp']) mkdirSync(join(folder, name));
    const { command, modules } = await findNginx();
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${folder}/temp/${name};`,
    );
    writeFileSync(
      join(folder, 'nginx.conf'),
      `load_module ${modules}/ngx_http_js_module.so;
pid ${folder}/pid;
events {}
http { access_log off; ${temporary.join(' ')} ${http} }
`,
    );
    const conf = join(folder, 'nginx.conf');
    const checked = await runProgram([...command, '-t', '-p', folder, '-c', conf, '-e', 'stderr']);
    expect(checked.stderr).toContain('test is successful');
    expect(checked.status).toBe(0);
  }

  test('accepts what was written', async () => {
    await init('--for', 'app.example.com');
    const site = join(to, 'site.conf');
    // no certificate at hand: the same site without TLS
    const plain = readFileSync(site, 'utf8')
      .replace('443 ssl', `unix:${folder}/site`)
      .replace(/ssl_certificate.*\n/g, '');
    writeFileSync(site, plain);
    await accepts(`include ${to}/http.conf; include ${site};`);
  });

  test('accepts what the container is given, beside the snippets of the image', async () => {
    const site = join(folder, 'site');
    await init('--for', 'image.example.com');
    const { status, stdout } = await init('--container', '--to', site, '--for', 'app.example.com');
    expect(status).toBe(0);
    expect(stdout).toContain(`written: fido2.json, origin.conf, site.conf in ${site}`);
    expect(readdirSync(site).sort()).toEqual(['fido2.json', 'origin.conf', 'site.conf']);
    expect(JSON.parse(readFileSync(join(site, 'fido2.json'), 'utf8')).rp.origins).toEqual(['https://app.example.com']);
    copyFileSync(join(site, 'origin.conf'), join(to, 'origin.conf'));
    writeFileSync(
      join(site, 'site.conf'),
      readFileSync(join(site, 'site.conf'), 'utf8').replace('8080', `unix:${folder}/site`),
    );
    await accepts('include fido2/http.conf; include site/site.conf;');
    expect(readFileSync(join(to, 'origin.conf'), 'utf8')).toContain('js_var $fido2_host app.example.com;');
  });
});
