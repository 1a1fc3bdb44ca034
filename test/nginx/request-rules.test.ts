import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const spa = 'https://spa.example';
const day = 86_400_000;
const dayOf = (time: number): string => new Date(time).toUTCString().slice(0, 3);

/** A window of a whole day in UTC, `days` from today. */
const wholeDay = (days: number): string => `${dayOf(Date.now() + days * day)} 00:00-24:00 Z`;

const policies = {
  user: {},
  reading: { methods: ['GET'] },
  near: { networks: ['192.0.2.0/24', '2001:db8::/32'] },
  ours: { sameSite: true },
  all: { methods: ['GET', 'POST'], networks: ['192.0.2.0/24'], sameSite: true, times: [wholeDay(0), wholeDay(1)] },
  // three days apart, so that midnight during the test changes nothing
  closed: { times: [wholeDay(3)] },
  open: { times: [wholeDay(-1), wholeDay(0), wholeDay(1)] },
  unwanted: { deny: { users: ['ada'] } },
  banned: { deny: { groups: ['staff'] }, groups: ['staff'] },
  pass: { preflight: 'pass' },
};

const names = Object.keys(policies).filter((name) => name !== 'user');
const locations = `
  set_real_ip_from 127.0.0.1;
  real_ip_header X-Test-Address;
  ${names.map((name) => gatedLocation(`/${name}/`, name)).join('\n')}
  ${gatedLocation('/payments/', 'user/payments')}
  ${gatedLocation('/pass-payments/', 'pass/other')}
  location /optional/ { auth_request /fido2/optional/reading; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }`;

describe.runIf(await needs('nginx')).each([
  { engine: 'njs', workers: 1 },
  { engine: 'qjs', workers: 2 },
] as const)('rules that read the request, gate on $engine', ({ engine, workers }) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    const workloads = {
      payments: { audience: 'https://payments', policy: 'reading' },
      other: { audience: 'https://other', policy: 'pass' },
    };
    const settings = { policies, workloads, cors: { origins: [spa] } };
    nginx = await startNginx({ ...{ engine, workers, upstream, locations, settings } });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada', groups: ['staff'] });
  });

  async function statusOf(
    path: string,
    { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> },
    cookie = ada.cookie,
  ): Promise<number> {
    const before = upstream.arrived.length;
    const { status } = await request(nginx, { method, path, headers, cookie });
    expect([status, upstream.arrived.length - before]).toEqual([status, status === 200 ? 1 : 0]);
    return status;
  }

  const inside = { 'X-Test-Address': '192.0.2.7' };
  const own = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'cors' };
  const foreign = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' };

  it.each([
    ['a method', '/reading/', {}, [{ method: 'POST' }, { method: 'DELETE' }, { method: 'OPTIONS' }]],
    ['a method', '/reading/', { method: 'HEAD' }, [{ method: 'PUT' }]],
    ['an address', '/near/', { headers: inside }, [{}, { headers: { 'X-Test-Address': '192.0.3.7' } }]],
    ['an IPv6 address', '/near/', { headers: { 'X-Test-Address': '2001:db8::7' } }, [{}]],
    ['a site', '/ours/', { headers: own }, [{ headers: foreign }, { headers: { Origin: 'https://evil.example' } }]],
    ['an origin', '/ours/', {}, [{ headers: { ...own, 'Sec-Fetch-Site': 'cross-site, same-origin' } }]],
    [
      'all of them',
      '/all/',
      { method: 'POST', headers: { ...inside, ...own } },
      [
        { method: 'PUT', headers: { ...inside, ...own } },
        { method: 'POST', headers: { 'X-Test-Address': '198.51.100.1', ...own } },
        { method: 'POST', headers: { ...inside, ...foreign } },
      ],
    ],
  ])('%s that is admitted opens nothing for another one, nor closes it', async (_, path, good, bad) => {
    const cookie = await login(nginx, passkey);
    for (const repeat of [1, 2]) {
      expect([repeat, await statusOf(path, good, cookie)]).toEqual([repeat, 200]);
      for (const each of bad) {
        expect([repeat, each, await statusOf(path, each, cookie)]).toEqual([repeat, each, 403]);
      }
    }
    expect(await statusOf(path, good, cookie)).toBe(200);
  });

  it('does not take a client’s word for what the gate passes on', async () => {
    const forged = { 'Fido2-Asked': 'GET 192.0.2.7', 'Fido2-Site': 'same-origin' };
    expect(await statusOf('/reading/', { method: 'POST', headers: forged })).toBe(403);
    expect(await statusOf('/near/', { headers: forged })).toBe(403);
    expect(await statusOf('/ours/', { headers: { ...forged, ...foreign } })).toBe(403);
  });

  it('lets a link from another site open, and says cross_origin to the rest', async () => {
    const link = { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate' };
    expect(await statusOf('/ours/', { headers: link })).toBe(200);
    expect(await statusOf('/ours/', { method: 'POST', headers: link })).toBe(403);
    const answer = await get(nginx, '/ours/', { cookie: ada.cookie, headers: foreign });
    expect(answer.json()).toMatchObject({ code: 'cross_origin', status: 403 });
  });

  it('opens an optional location in either case, and names a user only where the rule holds', async () => {
    const cookie = await login(nginx, passkey);
    for (const repeat of [1, 2]) {
      expect([repeat, await statusOf('/optional/', {}, cookie)]).toEqual([repeat, 200]);
      expect(upstream.last().header('fido2-identity')).toBeDefined();
      expect(await statusOf('/optional/', { method: 'POST' }, cookie)).toBe(200);
      expect(upstream.last().header('fido2-identity')).toBeUndefined();
    }
  });

  it('keeps closed what is closed at this time', async () => {
    expect(await statusOf('/closed/', {})).toBe(403);
    expect(await statusOf('/open/', {})).toBe(200);
  });

  it('denies before it admits', async () => {
    expect(await statusOf('/unwanted/', {})).toBe(403);
    expect(await statusOf('/banned/', {})).toBe(403);
    expect(await statusOf('/app/', {})).toBe(200);
  });

  it('gives no token for a workload under another policy than its own', async () => {
    const answer = await get(nginx, '/payments/', { cookie: ada.cookie });
    expect([answer.status, answer.json().code]).toEqual([403, 'policy_unknown']);
  });

  describe('a CORS preflight', () => {
    const preflight = { Origin: spa, 'Access-Control-Request-Method': 'PUT' };
    const ask = (path: string, headers: Record<string, string>, method = 'OPTIONS') =>
      request(nginx, { method, path, headers });

    it('passes where the policy says so, without an identity', async () => {
      for (const path of ['/pass/', '/pass-payments/']) {
        const before = upstream.arrived.length;
        expect((await ask(path, { ...preflight, 'Fido2-Identity': 'forged', Cookie: 'a=1' })).status).toBe(200);
        expect(upstream.arrived.length).toBe(before + 1);
        expect(upstream.last().header('fido2-identity')).toBeUndefined();
      }
    });

    it.each([
      ['of a policy that says nothing', '/app/', 'OPTIONS', preflight],
      ['without Origin', '/pass/', 'OPTIONS', { 'Access-Control-Request-Method': 'PUT' }],
      ['that asks for no method', '/pass/', 'OPTIONS', { Origin: spa }],
      ['with another method', '/pass/', 'POST', preflight],
      ['with a path that another upstream resolves', '/pass/..%2fadmin/', 'OPTIONS', preflight],
    ])('does not pass %s', async (_, path, method, headers) => {
      const before = upstream.arrived.length;
      expect([401, 403]).toContain((await ask(path, headers, method)).status);
      expect(upstream.arrived.length).toBe(before);
    });

    it('opens nothing for what comes after it', async () => {
      expect((await ask('/pass/', preflight)).status).toBe(200);
      expect((await ask('/pass/', { Origin: spa }, 'GET')).status).toBe(401);
    });

    it('cannot be asked for from outside', async () => {
      for (const path of ['/fido2/preflight/pass', '/fido2/authorize/pass!preflight']) {
        expect((await ask(path, preflight)).status).toBe(404);
      }
    });
  });

  describe('a script of another origin', () => {
    it('reads our refusals where the origin is listed', async () => {
      const api = { Accept: 'application/json', Origin: spa };
      const anonymous = await get(nginx, '/app/', { headers: api });
      expect(anonymous.status).toBe(401);
      const refused = await get(nginx, '/reading/', { cookie: ada.cookie, headers: api });
      expect(refused.status).toBe(200);
      const posted = await request(nginx, { method: 'POST', path: '/reading/', cookie: ada.cookie, headers: api });
      expect(posted.status).toBe(403);
      for (const { headers } of [anonymous, posted]) {
        expect(headers).toMatchObject({
          'access-control-allow-origin': spa,
          'access-control-allow-credentials': 'true',
          'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
          vary: 'Origin',
        });
      }
    });

    it.each([
      ['another origin', { Origin: 'https://evil.example' }],
      ['an origin that begins like it', { Origin: `${spa}.evil.example` }],
      ['origin null', { Origin: 'null' }],
      ['no origin', {}],
      ['two origins', { Origin: [spa, 'https://evil.example'] }],
    ])('does not where it is %s', async (_, headers) => {
      const answer = await get(nginx, '/app/', { headers: { Accept: 'application/json', ...headers } });
      expect(answer.status).toBe(401);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    });
  });
});
