import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import {
  type Answer,
  cookieName,
  type Enrolment,
  enrol,
  get,
  post,
  type RequestOptions,
  request,
} from '../helpers/client.ts';
import { startEnvoy } from '../helpers/envoy.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { askListeners } from './ask-listeners.ts';
import { envoyCluster, envoyFront } from './ext-authz-envoy.ts';

const fronts = ['user', 'admin', 'home', 'reader', 'crossed', 'maybe', 'told', 'dead'] as const;
type Front = (typeof fronts)[number];

describe.runIf((await needs('nginx')) && (await needs('envoy')))('a real Envoy that asks by ext_authz', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let ports: Readonly<Record<Front, number>>;
  let ada: Enrolment;
  let eve: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    const listeners = await askListeners();
    nginx = await startNginx({
      http: listeners.conf,
      settings: {
        policies: {
          user: {},
          admin: { groups: ['admins'] },
          home: { networks: ['203.0.113.0/24'] },
          reader: { methods: ['GET'] },
          crossed: { preflight: 'pass' },
        },
      },
    });
    const chosen = await Promise.all(fronts.map(async (name) => [name, await freePort()] as const));
    ports = Object.fromEntries(chosen) as Record<Front, number>;
    await startEnvoy({
      clusters: [
        envoyCluster('app', upstream.port),
        envoyCluster('site', nginx.port),
        envoyCluster('answerer', listeners.ports['ext-authz']),
        envoyCluster('nobody', await freePort()),
      ],
      listeners: chosen.map(([name, port]) => {
        if (name === 'dead') return envoyFront({ name, port, ask: 'user', answerer: 'nobody' });
        const told = name === 'told' ? ['remote-user', 'remote-groups', 'remote-name'] : [];
        return envoyFront({ name, port, ask: name, told });
      }),
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
    eve = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'eve' });
  });

  const call = (front: Front, options: Partial<RequestOptions> = {}): Promise<Answer> =>
    request({ port: ports[front], origin: nginx.origin }, { path: '/orders?x=1', ...options });

  /** The call, and whether anything arrived at the upstream. */
  async function refused(front: Front, options: Partial<RequestOptions> = {}): Promise<Answer> {
    const before = upstream.arrived.length;
    const answer = await call(front, options);
    expect(upstream.arrived.length).toBe(before);
    return answer;
  }

  const forged = {
    'Fido2-Identity': ['forged', 'forged too'],
    'fido2-identity': 'forged',
    Fido2_Identity: 'forged',
    'Txn-Token': 'forged',
    Txn_Token: 'forged',
    'Remote-User': 'forged',
    Remote_User: 'forged',
    'Remote-Groups': 'forged',
    'Remote-Name': 'forged',
    'Remote-Email': 'forged',
  };

  it('passes GET on with our identity alone and every cookie but ours', async () => {
    const Cookie = `a=1; ${cookieName}=${ada.cookie}; b=2`;
    expect((await call('user', { headers: { ...forged, Cookie } })).status).toBe(200);
    const arrived = upstream.last();
    expect([arrived.method, arrived.url]).toEqual(['GET', '/orders?x=1']);
    await verifyIdentity(nginx, arrived.header('fido2-identity'));
    expect(arrived.header('cookie')).toBe('a=1; b=2');
    expect(JSON.stringify(arrived.headers)).not.toMatch(/forged|__Host-fido2|x-envoy-auth/);
  });

  it('passes POST on with a body of 8 MB', async () => {
    const body = Buffer.alloc(8_000_000, 'x');
    expect((await call('user', { method: 'POST', body, cookie: ada.cookie })).status).toBe(200);
    const arrived = upstream.last();
    expect([arrived.method, arrived.body.equals(body)]).toEqual(['POST', true]);
    await verifyIdentity(nginx, arrived.header('fido2-identity'));
    expect(arrived.header('cookie')).toBeUndefined();
  });

  it('gives the client our 401, challenge and body', async () => {
    const answer = await refused('user', { headers: forged });
    expect(answer.status).toBe(401);
    expect(answer.headers).toMatchObject({
      'www-authenticate': 'Bearer realm="fido2"',
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    });
    expect(answer.json()).toMatchObject({
      code: 'session_required',
      login: '/fido2/login?return_to=%2Forders%3Fx%3D1',
    });
    expect((await refused('user', { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(401);
  });

  it('sends a person to sign in, at the site behind the same Envoy', async () => {
    const headers = { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' };
    const answer = await refused('user', { headers });
    expect([answer.status, answer.headers.location]).toEqual([303, '/fido2/login?return_to=%2Forders%3Fx%3D1']);
    const login = await get({ port: ports.user, origin: nginx.origin }, answer.headers.location ?? '');
    expect([login.status, login.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('refuses whom the policy does not admit, with a page for people', async () => {
    expect((await refused('admin', { cookie: eve.cookie })).json()).toMatchObject({ code: 'not_allowed' });
    const page = await refused('admin', { cookie: eve.cookie, headers: { 'Sec-Fetch-Mode': 'navigate' } });
    expect([page.status, page.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8']);
    expect((await call('admin', { cookie: ada.cookie })).status).toBe(200);
  });

  it.each(['reader', 'home'] as const)('asks the method and address of the client: %s', async (front) => {
    const { cookie } = ada;
    const headers = { 'X-Forwarded-Method': 'GET', 'X-Forwarded-For': '203.0.113.9', 'X-Real-IP': '203.0.113.9' };
    expect((await refused(front, { method: 'POST', headers, cookie })).status).toBe(403);
    if (front === 'reader') expect((await call(front, { headers, cookie })).status).toBe(200);
  });

  it('leaves no identity of the client where a session is optional', async () => {
    expect((await call('maybe', { headers: { ...forged, Cookie: 'a=1' } })).status).toBe(200);
    expect(JSON.stringify(upstream.last().headers)).not.toContain('forged');
    expect(upstream.last().header('fido2-identity')).toBeUndefined();
    expect(upstream.last().header('cookie')).toBe('a=1');
    const bad = ada.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
    expect((await call('maybe', { headers: forged, cookie: bad })).status).toBe(200);
    expect(JSON.stringify(upstream.last().headers)).not.toMatch(/forged|__Host-fido2/);
    expect((await call('maybe', { headers: forged, cookie: ada.cookie })).status).toBe(200);
    await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
  });

  it('lets a preflight pass without an identity', async () => {
    const headers = { ...forged, Origin: 'https://other.example', 'Access-Control-Request-Method': 'PUT' };
    expect((await refused('reader', { method: 'OPTIONS', headers })).status).toBe(401);
    expect([404, 405]).toContain((await refused('user', { method: 'OPTIONS', headers })).status);
    expect((await call('crossed', { method: 'OPTIONS', headers })).status).toBe(200);
    expect(JSON.stringify(upstream.last().headers)).not.toContain('forged');
  });

  it('cannot be talked out of the identity by Connection', async () => {
    const headers = { Connection: 'close, Fido2-Identity, Cookie, X-Forwarded-For' };
    const { status } = await call('user', { headers, cookie: ada.cookie });
    if (status === 200) await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    expect([200, 400, 401]).toContain(status);
  });

  it('opens a WebSocket for an Origin of ours only', async () => {
    const statusFor = (origin: string) => upgradeStatus(ports.user, `${cookieName}=${ada.cookie}`, origin);
    const before = upstream.arrived.length;
    expect(await statusFor('https://evil.example')).toBe(403);
    expect(upstream.arrived.length).toBe(before);
    await statusFor(nginx.origin);
    expect(upstream.arrived.length).toBe(before + 1);
  });

  it.each([
    ...['/../maybe/x', '/%2e%2e/maybe/x', '/..%2fmaybe/x', '/./../../ask/maybe/x', '//../maybe/x', '/a/../../maybe/x'],
    ...['/../../fido2/healthz', '/..;/maybe/x', '/\\..\\maybe\\x'],
  ])('is asked about the policy of its route, whatever the path: %s', async (path) => {
    expect([400, 403, 404]).toContain((await refused('admin', { path, cookie: eve.cookie })).status);
    expect([400, 401, 403, 404]).toContain((await refused('admin', { path })).status);
  });

  it('stays closed where nobody answers', async () => {
    expect((await refused('dead', { cookie: ada.cookie })).status).toBe(503);
  });

  it('replaces the names that are told on request, also by nothing', async () => {
    await call('told', { headers: forged, cookie: eve.cookie });
    expect(JSON.stringify(upstream.last().headers)).not.toContain('forged');
    expect(upstream.last().header('remote-user')).toBe('eve');
    expect(upstream.last().header('remote-groups')).toBeUndefined();
  });

  it('is refused at once when the session has ended', async () => {
    const gone = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ivan' });
    expect((await call('user', { cookie: gone.cookie })).status).toBe(200);
    await post(nginx, '/fido2/logout', {}, { cookie: gone.cookie, headers: { Origin: nginx.origin } });
    expect((await refused('user', { cookie: gone.cookie })).status).toBe(401);
  });
});

/** The status that a WebSocket's handshake gets. */
function upgradeStatus(port: number, cookie: string, origin: string): Promise<number> {
  const lines = [
    ...['GET /socket HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket'],
    ...[
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      `Origin: ${origin}`,
      `Cookie: ${cookie}`,
    ],
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
    socket.once('data', (data) => {
      resolve(Number(/^HTTP\/1.1 (\d+)/.exec(data.toString('latin1'))?.[1]));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(0));
  });
}
