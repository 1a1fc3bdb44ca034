import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { cookieFrom, get, post, type Site } from '../helpers/client.ts';
import { ngxFido2, projectFolder, runProgram } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';

const isHere = (await needs('nginx')) && (await needs('envoy'));

beforeAll(async () => {
  const built = await runProgram([process.execPath, 'esbuild.config.mjs'], { cwd: projectFolder });
  expect(built.stderr).toBe('');
});

test('says how to get an Envoy where none can be had', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-demo-'));
  cleanUp(() => removeBoth(folder));
  const args = ['start', '--mesh', '--port', '0', '--no-browser', '--data', join(folder, 'data')];
  const { status, stdout, stderr } = await ngxFido2(args, { env: { ENVOY_BIN: join(folder, 'envoy') } });
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`error: ${join(folder, 'envoy')} is no Envoy`);
  expect(stderr).toContain('hint: ');
});

describe.runIf(isHere)('nginx, a mesh, an application', () => {
  let site: Site;
  let cookie: string;

  beforeAll(async () => {
    const { origin, code } = await startDemo();
    site = { origin, port: Number(new URL(origin).port) };
    const options = await post(site, '/fido2/attestation/options', { invite: code });
    const created = new Authenticator({ origin }).create(options.json<CreationOptionsJSON>());
    cookie = cookieFrom(await post(site, '/fido2/attestation/result', created));
  }, 60_000);

  test.each(['app', 'admin'])('both verdicts on /%s, and what the mesh refuses', async (workload) => {
    const answer = await get(site, `/${workload}`, { cookie, headers: { Accept: 'application/json' } });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      user: 'admin',
      verified: true,
      mesh: {
        workload,
        edge: 'spiffe://demo.mesh/ns/edge/sa/nginx',
        callers: [
          { who: null, status: null },
          { who: 'spiffe://demo.mesh/ns/shop/sa/shop', status: 403 },
        ],
      },
    });
  });

  test('the page shows them', async () => {
    const { text } = await get(site, '/app', { cookie, headers: { Accept: 'text/html' } });
    expect(text).toContain('What the mesh says');
    expect(text).toContain(
      'Envoy: admitted. It verified the token and the caller spiffe://demo.mesh/ns/edge/sa/nginx.',
    );
    expect(text).toContain('without a certificate: refused in the handshake');
    expect(text).toContain('another workload, spiffe://demo.mesh/ns/shop/sa/shop: refused with 403');
  });

  test('nginx refuses as ever, and its own pages need no mesh', async () => {
    expect((await get(site, '/app')).status).toBe(401);
    expect((await get(site, '/')).status).toBe(200);
    const { text } = await get(site, '/app/nginx.conf', { cookie, headers: { Accept: 'text/html' } });
    expect(text).toContain('svid.conf');
  });
});

async function startDemo(): Promise<{ origin: string; code: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-demo-'));
  const data = join(folder, 'data');
  const command = [
    'build/ngx-fido2',
    'start',
    '--mesh',
    '--port',
    '0',
    '--workers',
    '1',
    '--no-browser',
    '--data',
    data,
  ];
  const child: ChildProcess = spawn(process.execPath, command, {
    cwd: projectFolder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stderr?.on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  cleanUp(async () => {
    child.kill('SIGTERM');
    await ended;
    removeBoth(folder);
  });
  const announced = new Promise<void>((resolve) => {
    child.stdout?.on('data', (text) => {
      stdout += text;
      if (/^enrol .*\n/m.test(stdout)) resolve();
    });
  });
  await Promise.race([announced, ended]);
  const [, origin = '', code = ''] = /^ready (\S+)\nenrol \S+\/fido2\/enrol#(\S+)\n/m.exec(stdout) ?? [];
  if (origin === '')
    throw new Error(`the demo does not start:\n${stderr}\n${readFileSync(join(data, 'logs/error.log'))}`);
  return { origin, code };
}

/** The folder, and the data folder in it, which may be a link to elsewhere. */
function removeBoth(folder: string): void {
  const data = join(folder, 'data');
  if (existsSync(data)) rmSync(realpathSync(data), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}
