import { chmodSync, chownSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { enrol, get, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type NginxOptions, type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { editSnippet } from '../helpers/site-conf.ts';
import { startUpstream } from '../helpers/upstream.ts';

const plausible = `RiVa.${'A'.repeat(22)}.${'B'.repeat(22)}.0-tozz8u-1.${'C'.repeat(43)}`;
const navigation = { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' };

/** Everything that is gated or a ceremony answers 503, and nothing reaches the upstream. */
async function isClosed(nginx: RunningNginx, cookie: string, arrived: () => number): Promise<void> {
  const before = arrived();
  const api = await get(nginx, '/app/', { cookie });
  expect([api.status, api.headers['content-type']]).toEqual([503, 'application/problem+json']);
  expect(Number(api.headers['retry-after'])).toBeGreaterThan(0);
  const page = await get(nginx, '/app/', { cookie, headers: navigation });
  expect([page.status, page.headers.location]).toEqual([503, undefined]);
  expect(arrived()).toBe(before);
}

async function isUnfit(nginx: RunningNginx, cookie: string, arrived: () => number): Promise<void> {
  await isClosed(nginx, cookie, arrived);
  const health = await get(nginx, '/fido2/healthz');
  expect([health.status, health.text]).toEqual([503, '{"status":"unfit"}']);
  for (const path of ['/fido2/assertion/options', '/fido2/attestation/options', '/fido2/logout']) {
    const answer = await post(nginx, path, {});
    expect([path, answer.status, answer.headers['retry-after']]).toEqual([path, 503, '5']);
    expect(answer.setCookie).toEqual([]);
  }
  expect((await get(nginx, '/fido2/login', { headers: navigation })).status).toBe(503);
}

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('unfit is closed, gate on %s', (engine) => {
  const bad: readonly (readonly [string, NginxOptions, RegExp])[] = [
    ['settings that are wrong', { settings: { policies: 7 } }, /policies/],
    [
      'keys that sign before every mesh knows them',
      { settings: { keys: { publish: '1h', rotate: '90m' } } },
      /keys[.]rotate is 90m, not 2h/,
    ],
    ['tokens that live too long', { settings: { identity: { ttl: '301s' } } }, /identity[.]ttl/],
    ['settings that are missing', { prepare: (folder) => rmSync(join(folder, 'fido2.json')) }, /fido2\.json/],
    [
      'settings that the workers may not read',
      { prepare: (folder) => chownAway(join(folder, 'fido2.json')) },
      /fido2\.json/,
    ],
    [
      'a store that others may enter',
      { prepare: (folder) => chmodSync(join(folder, 'data'), 0o755) },
      /0755.*chmod 0700/,
    ],
    ['a store that the workers may not enter', { prepare: (folder) => chownAway(join(folder, 'data')) }, /data/],
    ['a store that is missing', { prepare: (folder) => rmSync(join(folder, 'data'), { recursive: true }) }, /data/],
    ...['fido2_token', 'fido2_refused', 'fido2_claims', 'fido2_state'].map((zone): [string, NginxOptions, RegExp] => [
      `no zone ${zone}`,
      {
        prepare: editSnippet('http.conf', (text) =>
          text.replace(new RegExp(`^js_shared_dict_zone zone=${zone}:.*$`, 'm'), ''),
        ),
      },
      new RegExp(zone),
    ]),
  ];

  it.each(bad)('from the first start on with %s', async (_, options, reason) => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ engine, upstream, fit: false, ...options });
    await isUnfit(nginx, plausible, () => upstream.arrived.length);
    expect((await get(nginx, '/app/')).status).toBe(401);
    expect(nginx.errorLog()).toMatch(new RegExp(`\\[error\\].*${reason.source}`));
    expect(upstream.arrived).toEqual([]);
    await nginx.stop();
  });

  it('after a restart where the keys cannot be read, and open again when they can; none are made meanwhile', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ engine, upstream });
    const passkey = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, passkey, { user: 'ada' });
    const keys = (await get(nginx, '/fido2/jwks.json')).text;
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    chmodSync(join(nginx.data, 'records/keys'), 0o000);
    await nginx.restart(false);
    await isUnfit(nginx, cookie, () => upstream.arrived.length);
    chmodSync(join(nginx.data, 'records/keys'), 0o700);
    await expect.poll(async () => (await get(nginx, '/app/', { cookie })).status, { timeout: 5000 }).toBe(200);
    expect((await get(nginx, '/fido2/jwks.json')).text).toBe(keys);
  });

  it('for users whose records cannot be read: unavailable, never unknown', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ engine, upstream });
    const passkey = new Authenticator({ origin: nginx.origin });
    const { cookie } = await enrol(nginx, passkey, { user: 'ada' });
    chmodSync(join(nginx.data, 'records/users'), 0o000);
    await isClosed(nginx, cookie, () => upstream.arrived.length);
    await expect(login(nginx, passkey)).rejects.toThrow('503');
    chmodSync(join(nginx.data, 'records/users'), 0o700);
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    await login(nginx, passkey);
  });

  it('where the session listener is gone or never answers', async () => {
    const upstream = await startUpstream();
    const nginx = await startNginx({ engine, upstream });
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
    const socket = join(nginx.folder, 'run/fido2.sock');
    renameSync(socket, `${socket}.away`);
    await isClosed(nginx, cookie, () => upstream.arrived.length);
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(socket, resolve));
    cleanUp(() => {
      silent.close();
    });
    chmodSync(socket, 0o666);
    await isClosed(nginx, cookie, () => upstream.arrived.length);
    rmSync(socket);
    renameSync(`${socket}.away`, socket);
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
  });

  const scripts: readonly (readonly [string, string])[] = [
    ['throws', 'export default { authorize: (r) => { throw new Error("no"); } };'],
    ['rejects', 'export default { authorize: async (r) => { throw new Error("no"); } };'],
    ['does nothing', 'export default { authorize: (r) => {} };'],
    ['never settles', 'export default { authorize: (r) => new Promise(() => {}) };'],
    ['says 204 and opens nothing', 'export default { authorize: (r) => { r.return(204); } };'],
    ['redirects', 'export default { authorize: (r) => { r.return(302, "/app/"); } };'],
    ['is not there', 'export default { other: (r) => { r.return(204); } };'],
  ];

  it.each(scripts)('where the gate’s script %s', async (_, script) => {
    const upstream = await startUpstream();
    const prepare: NginxOptions['prepare'] = (folder) =>
      writeFileSync(join(folder, 'conf/fido2/fido2_gate.js'), script);
    const nginx = await startNginx({ engine, upstream, prepare });
    for (const headers of [{}, navigation]) {
      const { status } = await get(nginx, '/app/', { cookie: plausible, headers });
      expect(status).toBeGreaterThanOrEqual(500);
    }
    expect(upstream.arrived).toEqual([]);
    await nginx.stop();
  });
});

/** To root, or out of everybody's reach where the tests do not run as root. */
function chownAway(path: string): void {
  if (process.geteuid?.() === 0) chownSync(path, 0, 0);
  else chmodSync(path, 0o000);
}
