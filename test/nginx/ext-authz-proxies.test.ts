import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { startCaddy } from '../helpers/caddy.ts';
import {
  type Answer,
  cookieName,
  type Enrolment,
  enrol,
  get,
  type RequestOptions,
  request,
} from '../helpers/client.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { askListeners } from './ask-listeners.ts';
import { caddySite, nginxSite, type ProxyPlaces } from './ext-authz-proxies.ts';

const asks = ['user', 'admin', 'home', 'reader', 'maybe'] as const;
type Ask = (typeof asks)[number];

const proxies = [
  { title: 'Caddy with forward_auth', kind: 'forward-auth', present: await needs('caddy') },
  { title: 'another nginx with auth_request', kind: 'auth-url', present: true },
] as const;

const hasNginx = await needs('nginx');

describe.each(proxies.filter(({ present }) => present && hasNginx))('$title', ({ kind }) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let ports: Readonly<Record<Ask, number>>;
  let ada: Enrolment;
  let eve: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    const listeners = await askListeners();
    const chosen = await Promise.all(asks.map(async (ask) => [ask, await freePort()] as const));
    ports = Object.fromEntries(chosen) as Record<Ask, number>;
    const sites = (site: number, text: (places: ProxyPlaces) => string) => {
      const answerer = listeners.ports[kind];
      return chosen.map(([ask, port]) => text({ port, ask, answerer, app: upstream.port, site })).join('\n');
    };
    nginx = await startNginx({
      http: (site) => {
        const listening = typeof listeners.conf === 'string' ? listeners.conf : listeners.conf(site);
        return kind === 'auth-url' ? `${listening}\n${sites(site.port, nginxSite)}` : listening;
      },
      settings: {
        policies: {
          user: {},
          admin: { groups: ['admins'] },
          home: { networks: ['203.0.113.0/24'] },
          reader: { methods: ['GET'] },
          crossed: {},
        },
      },
    });
    if (kind === 'forward-auth') {
      const global = '{\n  admin off\n  auto_https off\n}\n';
      await startCaddy(`${global}${sites(nginx.port, caddySite)}`, () => isAnswered(ports.user));
    }
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
    eve = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'eve' });
  });

  const call = (ask: Ask, options: Partial<RequestOptions> = {}): Promise<Answer> =>
    request({ port: ports[ask], origin: nginx.origin }, { path: '/orders?x=1', ...options });

  async function refused(ask: Ask, options: Partial<RequestOptions> = {}): Promise<Answer> {
    const before = upstream.arrived.length;
    const answer = await call(ask, options);
    expect(upstream.arrived.length).toBe(before);
    return answer;
  }

  const forged = {
    'Fido2-Identity': ['forged', 'forged too'],
    Fido2_Identity: 'forged',
    'Txn-Token': 'forged',
    'Remote-User': 'forged',
    'Remote-Groups': 'forged',
    'X-Forwarded-Method': 'GET',
    'X-Original-Method': 'GET',
    'X-Forwarded-Uri': '/elsewhere',
    'X-Original-URL': 'http://localhost/elsewhere',
    'X-Forwarded-For': '203.0.113.9',
  };

  it.each(['GET', 'POST'])('passes %s on with our identity alone and every cookie but ours', async (method) => {
    const body = method === 'POST' ? { body: Buffer.alloc(4_000_000, 'x') } : {};
    const Cookie = `a=1; ${cookieName}=${ada.cookie}; b=2`;
    expect((await call('admin', { method, ...body, headers: { ...forged, Cookie } })).status).toBe(200);
    const arrived = upstream.last();
    expect([arrived.method, arrived.url, arrived.body.length]).toEqual([method, '/orders?x=1', body.body?.length ?? 0]);
    await verifyIdentity(nginx, arrived.header('fido2-identity'));
    expect(arrived.header('cookie')).toBe('a=1; b=2');
    expect(namesOf(arrived.headers)).not.toContain('fido2_identity');
    expect(arrived.header('remote-user')).toBeUndefined();
    expect(arrived.header('txn-token')).toBeUndefined();
  });

  it('sends no cookie on where ours was the only one', async () => {
    expect((await call('user', { cookie: ada.cookie })).status).toBe(200);
    expect(upstream.last().header('cookie') ?? '').toBe('');
  });

  it('refuses with the challenge, and whom the policy does not admit', async () => {
    const answer = await refused('user', { headers: forged });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="fido2"']);
    expect((await refused('user', { method: 'POST', body: 'x' })).status).toBe(401);
    expect((await refused('admin', { headers: forged, cookie: eve.cookie })).status).toBe(403);
  });

  it('is asked about the client’s own method and address', async () => {
    const { cookie } = ada;
    expect((await refused('reader', { method: 'POST', headers: forged, cookie })).status).toBe(403);
    expect((await call('reader', { headers: forged, cookie })).status).toBe(200);
    expect((await refused('home', { headers: forged, cookie })).status).toBe(403);
    expect(nginx.audit().at(-1)).toMatchObject({ address: '127.0.0.1', target: '/orders?x=1' });
  });

  it('leaves no identity of the client where a session is optional', async () => {
    for (const cookie of [undefined, ada.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]) {
      expect((await call('maybe', { headers: forged, cookie })).status).toBe(200);
      expect(upstream.last().header('fido2-identity') ?? '').toBe('');
      expect(upstream.last().header('cookie') ?? '').toBe('');
      expect(namesOf(upstream.last().headers)).not.toContain('fido2_identity');
    }
    expect((await call('maybe', { headers: forged, cookie: ada.cookie })).status).toBe(200);
    await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
  });

  it('serves the pages to sign in at the same origin', async () => {
    const login = await get({ port: ports.user, origin: nginx.origin }, '/fido2/login?return_to=/orders');
    expect([login.status, login.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  });

  if (kind === 'forward-auth') {
    it('sends a person to sign in', async () => {
      const headers = { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' };
      const answer = await refused('user', { headers });
      expect([answer.status, answer.headers.location]).toEqual([303, '/fido2/login?return_to=%2Forders%3Fx%3D1']);
    });
  }
});

const namesOf = (headers: readonly (readonly [string, string])[]) => headers.map(([name]) => name.toLowerCase());

async function isAnswered(port: number): Promise<boolean> {
  try {
    return (await request({ port, origin: 'http://localhost' }, { path: '/' })).status > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return false;
    throw error;
  }
}
