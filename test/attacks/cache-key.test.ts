import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cookieName, type Enrolment, enrol, get, login } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { sendRaw } from './raw-request.ts';
import { reached, readAs } from './reached.ts';

const policies = {
  a: {},
  ab: {},
  abc: { groups: ['admins'] },
  user: {},
  admin: { groups: ['admins'] },
};
const workloads = { c: { audience: 'https://c.example' }, b: { audience: 'https://b.example' } };

function location(path: string, uri: string): string {
  return `location ${path} { auth_request ${uri}; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }`;
}

const locations = [
  gatedLocation('/a/', 'a'),
  gatedLocation('/ab/', 'ab'),
  gatedLocation('/abc/', 'abc'),
  gatedLocation('/ab-c/', 'ab/c'),
  gatedLocation('/ab-b/', 'ab/b'),
  location('/optional-abc/', '/fido2/optional/abc'),
  location('/optional-ab/', '/fido2/optional/ab'),
].join('\n');

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('a decision that is remembered, on %s', (engine) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let bob: Enrolment;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, engine, locations, settings: { policies, workloads } });
    passkey = new Authenticator({ origin: nginx.origin });
    bob = await enrol(nginx, passkey, { user: 'bob' });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
  });

  async function statusAndArrived(path: string, cookie: string): Promise<[number, number]> {
    const { result, arrived } = await reached(upstream, () => get(nginx, path, { cookie }));
    return [result.status, arrived.length];
  }

  it('case 11: is of its policy only, also where one name begins with another', async () => {
    const cookie = await login(nginx, passkey);
    for (let i = 0; i < 2; i++) {
      expect(await statusAndArrived('/a/', cookie)).toEqual([200, 1]);
      expect(await statusAndArrived('/ab/', cookie)).toEqual([200, 1]);
      expect(await statusAndArrived('/abc/', cookie)).toEqual([403, 0]);
      expect(await statusAndArrived('/admin/', cookie)).toEqual([403, 0]);
    }
  });

  it.each(['b', 'c', 'c.', 'bc', 'bc ', '/c', '/c ', ' ', 'c/', '%20', '!upgrade'])(
    'case 11: a cookie with %j before it or after it meets no entry of another policy',
    async (part) => {
      const { cookie } = ada;
      for (const path of ['/a/', '/ab/', '/abc/', '/ab-c/', '/ab-b/']) {
        expect(await statusAndArrived(path, cookie)).toEqual([200, 1]);
      }
      for (const forged of [`${part}${cookie}`, `${cookie}${part}`, cookie.slice(part.length), cookie.slice(1)]) {
        for (const path of ['/a/', '/ab/', '/abc/', '/ab-c/', '/ab-b/']) {
          const lines = [`Cookie: ${cookieName}=${forged}`];
          if (forged.trim() === cookie) continue;
          const { result, arrived } = await reached(upstream, () => sendRaw(nginx, { target: path, lines }));
          expect([path, forged, result.status, arrived.length]).toEqual([path, forged, 401, 0]);
        }
      }
    },
  );

  it('case 30: of one workload is not given to another', async () => {
    const cookie = await login(nginx, passkey);
    for (const [path, audience] of [
      ['/ab/', nginx.origin],
      ['/ab-c/', 'https://c.example'],
      ['/ab-b/', 'https://b.example'],
      ['/ab/', nginx.origin],
    ] as const) {
      await get(nginx, path, { cookie });
      const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'), { audience });
      expect(payload.aud).toBe(audience);
    }
  });

  it('case 30: of an optional location is none of a gated one, nor the other way round', async () => {
    const cookie = await login(nginx, passkey);
    for (let i = 0; i < 2; i++) {
      const { arrived } = await reached(upstream, () => get(nginx, '/optional-abc/', { cookie }));
      expect(arrived.map((one) => readAs(one, 'Fido2-Identity'))).toEqual([[]]);
      expect(await statusAndArrived('/abc/', cookie)).toEqual([403, 0]);
    }
    const forged = `${cookie.slice(0, -4)}AAAA`;
    for (let i = 0; i < 2; i++) {
      expect(await statusAndArrived('/optional-ab/', forged)).toEqual([200, 1]);
      expect(readAs(upstream.last(), 'Fido2-Identity')).toEqual([]);
      expect(await statusAndArrived('/ab/', forged)).toEqual([401, 0]);
    }
    expect(await statusAndArrived('/abc/', ada.cookie)).toEqual([200, 1]);
    await get(nginx, '/optional-abc/', { cookie: ada.cookie });
    expect((await verifyIdentity(nginx, upstream.last().header('fido2-identity'))).payload.sub).toBe(ada.userId);
  });

  it('case 30: by a GET opens no Upgrade whose Origin is foreign or absent, and an Upgrade fills nothing', async () => {
    const upgrade = ['Upgrade: websocket', 'Connection: Upgrade'];
    const cookie = await login(nginx, passkey);
    const own = [...upgrade, `Origin: ${nginx.origin}`];
    const first = await reached(upstream, () => sendRaw(nginx, { target: '/ab/', lines: own, cookie }));
    expect(first.arrived.length).toBe(1);
    for (let i = 0; i < 2; i++) {
      for (const lines of [upgrade, [...upgrade, 'Origin: https://evil.example'], [...upgrade, 'Origin: null']]) {
        const { result, arrived } = await reached(upstream, () => sendRaw(nginx, { target: '/ab/', lines, cookie }));
        expect([result.status, arrived.length]).toEqual([403, 0]);
      }
      expect(await statusAndArrived('/ab/', cookie)).toEqual([200, 1]);
    }
    for (const value of ['h2c', 'websocket, h2c', 'WEBSOCKET', 'x', '0', '\xff']) {
      const lines = [`Upgrade: ${value}`, 'Connection: Upgrade', 'Origin: https://evil.example'];
      const { result, arrived } = await reached(upstream, () => sendRaw(nginx, { target: '/ab/', lines, cookie }));
      expect([value, result.status, arrived.length]).toEqual([value, 403, 0]);
    }
  });

  it('case 30: by one method and address holds no more for another', async () => {
    const cookie = await login(nginx, passkey);
    expect(await statusAndArrived('/ab/', cookie)).toEqual([200, 1]);
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'PROPFIND']) {
      expect((await get(nginx, '/abc/', { cookie, method })).status).toBe(403);
      expect((await get(nginx, '/ab/', { cookie: `${cookie.slice(0, -4)}AAAA`, method })).status).toBe(401);
    }
  });

  it('case 11: of one cookie is never that of another', async () => {
    const both = [await login(nginx, passkey), bob.cookie, ada.cookie];
    for (const cookie of [...both, ...both]) await get(nginx, '/ab/', { cookie });
    const subjects = await Promise.all(
      upstream.arrived
        .slice(-6)
        .map(async (one) => (await verifyIdentity(nginx, one.header('fido2-identity'))).payload),
    );
    expect(subjects.map(({ sub }) => sub)).toEqual([
      ...[bob.userId, bob.userId, ada.userId],
      ...[bob.userId, bob.userId, ada.userId],
    ]);
    expect(new Set(subjects.map(({ sid }) => sid)).size).toBe(3);
  });
});
