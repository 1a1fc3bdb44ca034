import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { type Enrolment, enrol, get, type HeaderValues, request } from '../helpers/client.ts';
import { runProgram } from '../helpers/command.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { pythonLibraries } from '../helpers/toolchains.ts';
import { type Arrived, startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { documentAt, fenceWith } from './markdown.ts';

const page = documentAt('docs/recipes.md');
const runnable = (await needs('nginx')) && (await needs('python'));

describe.runIf(runnable)('Grafana’s JWT login, by the rules that its documentation gives', () => {
  const ini = settingsOf(fenceWith(page, 'ini', '[auth.jwt]'), 'auth.jwt');
  let nginx: RunningNginx;
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream();
    const { workloads } = JSON.parse(fenceWith(page, 'json', '"grafana"')) as { workloads: object };
    nginx = await startNginx({
      http: `upstream grafana { server 127.0.0.1:${upstream.port}; }`,
      locations: fenceWith(page, 'nginx', 'staff/grafana'),
      settings: {
        identity: { issuer: 'https://grafana.example.com' },
        policies: { staff: { groups: ['staff'] } },
        workloads,
      },
    });
  });

  /** What Grafana would make of the request: its user, or why there is none. */
  async function grafana(arrived: Arrived, site = nginx): Promise<{ login: unknown; role: string } | string> {
    const token = (arrived.header(ini.header_name ?? '') ?? '').replace(/^Bearer /, '');
    expect(new URL(ini.jwk_set_url ?? '').pathname).toBe('/fido2/jwks.json');
    const keys = createLocalJWKSet((await get(site, '/fido2/jwks.json')).json<JSONWebKeySet>());
    let claims: JWTPayload;
    try {
      claims = (await jwtVerify(token, keys, { clockTolerance: 60 })).payload;
    } catch (error) {
      return `token: ${(error as Error).message}`;
    }
    for (const [name, value] of Object.entries(JSON.parse(ini.expect_claims ?? '') as object)) {
      if (![claims[name]].flat().includes(value)) return `claim ${name}`;
    }
    const role = await jmespath(ini.role_attribute_path ?? '', claims);
    if (ini.role_attribute_strict === 'true' && !['Viewer', 'Editor', 'Admin'].includes(role)) return `role ${role}`;
    return { login: claims[ini.username_claim ?? ''], role };
  }

  it.each([
    ['ada', ['staff', 'grafana-admins'], 'Admin'],
    ['bob', ['staff', 'grafana-editors'], 'Editor'],
    ['eve', ['staff', 'not-grafana-admins'], 'Viewer'],
  ])('makes %s of %j a %s', async (user, groups, role) => {
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user, groups });
    const headers = { 'Fido2-Identity': 'forged', Authorization: 'Bearer forged' };
    expect((await get(nginx, '/d/home', { cookie, headers })).status).toBe(200);
    expect(await grafana(upstream.last())).toEqual({ login: user, role });
  });

  it('takes no token of another workload, and none that came past nginx', async () => {
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), {
      user: 'kim',
      groups: ['staff'],
    });
    expect((await get(nginx, '/d/home', { cookie })).status).toBe(200);
    const own = upstream.last();
    const elsewhere = await startNginx({
      upstream,
      settings: { identity: { issuer: 'https://grafana.example.com' } },
    });
    const there = await enrol(elsewhere, new Authenticator({ origin: elsewhere.origin }), { user: 'kim' });
    expect((await get(elsewhere, '/app/', { cookie: there.cookie })).status).toBe(200);
    expect(await grafana(upstream.last())).toMatch(/^token: /);
    expect(await grafana({ ...own, header: () => 'forged' })).toMatch(/^token: /);
    expect(await grafana({ ...own, header: () => undefined })).toMatch(/^token: /);
    const before = upstream.arrived.length;
    expect((await get(nginx, '/d/home')).status).toBe(401);
    expect(upstream.arrived.length).toBe(before);
  });

  it('takes no token that is for the site and not for Grafana', async () => {
    const site = await startNginx({
      upstream,
      locations: `location /other/ { auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }`,
      settings: { identity: { issuer: 'https://grafana.example.com', audience: 'https://other.example.com' } },
    });
    const { cookie } = await enrol(site, new Authenticator({ origin: site.origin }), { user: 'kim' });
    expect((await get(site, '/other/', { cookie })).status).toBe(200);
    expect(await grafana(upstream.last(), site)).toBe('claim aud');
  });
});

describe.runIf(runnable)('Radicale, which believes a header', () => {
  let nginx: RunningNginx;
  let ada: Enrolment;
  let port = 0;

  beforeAll(async () => {
    port = await startRadicale(fenceWith(page, 'ini', 'http_x_remote_user'));
    nginx = await startNginx({
      http: `underscores_in_headers on; upstream radicale { server 127.0.0.1:${port}; }`,
      locations: fenceWith(page, 'nginx', 'X-Remote-User'),
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  /** Whose calendars Radicale shows, or the status of its refusal. */
  async function userOf(site: { port: number; origin: string }, headers: HeaderValues, cookie?: string) {
    const body = '<?xml version="1.0"?><propfind xmlns="DAV:"><prop><current-user-principal/></prop></propfind>';
    const sent = { method: 'PROPFIND', path: '/', headers: { ...headers, Depth: '0' }, cookie, body };
    const { status, text } = await request(site, sent);
    return status === 207 ? /current-user-principal>\s*<href>([^<]*)<\/href>/.exec(text)?.[1] : status;
  }

  it.each<HeaderValues>([
    {},
    { 'X-Remote-User': 'root' },
    { X_Remote_User: 'root' },
    { 'x-remote-user': 'root', x_remote_user: 'root' },
    { 'X-Remote-User': '', 'Remote-User': 'root' },
    { 'X-Remote-User': 'root', Connection: 'close, X-Remote-User' },
  ])('names the user of the session, whatever a client says: %j', async (headers) => {
    expect(await userOf(nginx, headers, ada.cookie)).toBe('/ada/');
    expect(await userOf(nginx, headers)).toBe(401);
  });

  it('refuses what comes past nginx without the header, and believes what has it', async () => {
    const site = { port, origin: 'http://127.0.0.1' };
    expect(await userOf(site, {})).toBe(403);
    // why nothing but nginx may reach it
    expect(await userOf(site, { 'X-Remote-User': 'root' })).toBe('/root/');
    expect(await userOf(site, { X_Remote_User: 'root' })).toBe('/root/');
  });
});

/** Members of a section, as Grafana reads them. */
function settingsOf(text: string, section: string): Readonly<Record<string, string>> {
  const [, body = ''] = text.split(`[${section}]\n`);
  const lines = (body.split('\n[')[0] ?? '').split('\n').filter((line) => line.includes(' = '));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(' = ')), line.slice(line.indexOf(' = ') + 3)]),
  );
}

async function jmespath(expression: string, value: object): Promise<string> {
  const program = 'import jmespath, json, sys; print(jmespath.search(sys.argv[1], json.load(sys.stdin)))';
  const env = { PYTHONPATH: await pythonLibraries() };
  const { stdout } = await runProgram(['python3', '-c', program, expression], { env, input: JSON.stringify(value) });
  return stdout.trim();
}

async function startRadicale(configuration: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-radicale-'));
  cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const storage = `\n[storage]\nfilesystem_folder = ${folder}/data\n`;
  writeFileSync(join(folder, 'config'), configuration.replace('127.0.0.1:5232', `127.0.0.1:${port}`) + storage);
  const env = { ...process.env, PYTHONPATH: await pythonLibraries() };
  const child: ChildProcess = spawn('python3', ['-m', 'radicale', '--config', join(folder, 'config')], { env });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said += text;
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  cleanUp(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await waitFor(
    () => said.includes('Radicale server ready'),
    'Radicale',
    () => said,
  );
  return port;
}
