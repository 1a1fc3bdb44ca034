import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Answer, cookieName, type Enrolment, enrol, type RequestOptions, request } from '../helpers/client.ts';
import { projectFolder } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { verifyIdentity } from '../helpers/upstream.ts';
import { askers, askListeners } from './ask-listeners.ts';

type Asker = keyof typeof askers;
const every = ['ext-authz', 'forward-auth', 'auth-url'] as const satisfies readonly Asker[];

describe.runIf(await needs('nginx'))('a listener for other proxies', () => {
  let nginx: RunningNginx;
  let ports: Readonly<Record<Asker, number>>;
  let ada: Enrolment;
  let eve: Enrolment;

  beforeAll(async () => {
    const listeners = await askListeners();
    ports = listeners.ports;
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
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
    eve = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'eve' });
  });

  /** What a proxy asks for a client's request. */
  function ask(asker: Asker, name: string, of: Partial<RequestOptions> & { address?: string } = {}): Promise<Answer> {
    const { path = '/orders?x=1', method = 'GET', headers = {}, address = '198.51.100.7', ...rest } = of;
    const about = askers[asker]({ name, method, path, address });
    return request(
      { port: ports[asker], origin: nginx.origin },
      { ...rest, ...about, headers: { ...headers, ...about.headers } },
    );
  }

  describe.each(every)('%s', (asker) => {
    it('admits by 200 with the identity and the cookies without ours', async () => {
      const cookie = `a=1; ${cookieName}=${ada.cookie}; b=2`;
      const answer = await ask(asker, 'admin', { headers: { Cookie: cookie } });
      expect([answer.status, answer.text]).toEqual([200, '']);
      expect(answer.headers.cookie).toBe('a=1; b=2');
      const { payload } = await verifyIdentity(nginx, answer.headers['fido2-identity']);
      expect(payload.preferred_username).toBe('ada');
      expect(answer.setCookie).toEqual([]);
    });

    it.each(['POST', 'PUT', 'DELETE', 'PROPFIND'])('answers about %s alike', async (method) => {
      expect((await ask(asker, 'user', { method, cookie: ada.cookie })).status).toBe(200);
      expect((await ask(asker, 'user', { method })).status).toBe(401);
    });

    it('refuses without a session, with the challenge and a problem that the client reads', async () => {
      const answer = await ask(asker, 'user');
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="fido2"');
      expect(answer.json()).toMatchObject({
        code: 'session_required',
        login: `/fido2/login?return_to=${encodeURIComponent('/orders?x=1')}`,
      });
      expect(answer.headers['fido2-identity']).toBeUndefined();
    });

    it('refuses whom the policy does not admit', async () => {
      const answer = await ask(asker, 'admin', { cookie: eve.cookie });
      expect(answer.status).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'not_allowed' });
      expect(answer.headers['fido2-identity']).toBeUndefined();
      expect(answer.headers.cookie).toBeUndefined();
    });

    it('decides by the method and the address of the client, not of the question', async () => {
      const { cookie } = ada;
      expect((await ask(asker, 'home', { cookie, address: '203.0.113.9' })).status).toBe(200);
      expect((await ask(asker, 'home', { cookie, address: '198.51.100.7' })).status).toBe(403);
      expect((await ask(asker, 'home', { cookie, address: '203.0.113.9, 198.51.100.7' })).status).toBe(403);
      expect((await ask(asker, 'home', { cookie, address: '127.0.0.1' })).status).toBe(403);
      expect((await ask(asker, 'home', { cookie, address: '' })).status).toBe(403);
      expect((await ask(asker, 'reader', { cookie, method: 'GET' })).status).toBe(200);
      expect((await ask(asker, 'reader', { cookie, method: 'POST' })).status).toBe(403);
    });

    it('notes the client in the audit log', async () => {
      await ask(asker, 'admin', { cookie: eve.cookie, path: '/a?b', address: '198.51.100.77' });
      expect(nginx.audit().at(-1)).toMatchObject({ address: '198.51.100.77', target: '/a?b', account: 'eve' });
    });

    it('lets a preflight pass where the policy says so, without an identity', async () => {
      const preflight = {
        method: 'OPTIONS',
        headers: { Origin: 'https://other.example', 'Access-Control-Request-Method': 'PUT', 'Sec-Fetch-Mode': 'cors' },
      };
      expect((await ask(asker, 'reader', preflight)).status).toBe(401);
      const { status } = await ask(asker, 'user', { ...preflight, cookie: ada.cookie });
      expect([404, 405]).toContain(status);
      const answer = await ask(asker, 'crossed', preflight);
      expect(answer.status).toBe(200);
      expect(answer.headers['fido2-identity']).toBeUndefined();
      expect(answer.headers['x-envoy-auth-headers-to-remove']).toContain('fido2-identity,');
    });

    it('where a session is optional says nobody by taking the header out', async () => {
      for (const cookie of [undefined, ada.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))]) {
        const answer = await ask(asker, 'maybe', { cookie });
        expect(answer.status).toBe(200);
        expect(answer.headers['fido2-identity']).toBeUndefined();
        expect(answer.headers.cookie).toBeUndefined();
        expect(answer.headers['x-envoy-auth-headers-to-remove']).toMatch(/^fido2-identity,cookie,fido2_identity,/);
      }
      const known = await ask(asker, 'maybe', { cookie: ada.cookie });
      expect(known.headers['fido2-identity']).toBeDefined();
      expect(known.headers['x-envoy-auth-headers-to-remove']).toMatch(/^cookie,fido2_identity,/);
    });

    it.each([
      ['Upgrade', { Upgrade: 'websocket' }],
      ['the version of a WebSocket', { 'Sec-WebSocket-Version': '13' }],
      ['the key of a WebSocket', { 'Sec-WebSocket-Key': 'AAAA' }],
      ['Fetch Metadata', { 'Sec-Fetch-Mode': 'websocket' }],
      ['an Origin that nothing explains', {}],
    ])('asks for the Origin of an upgrade told by %s', async (_, headers) => {
      const { cookie } = ada;
      const as = (Origin: string) => ask(asker, 'user', { cookie, headers: { ...headers, Origin } });
      expect((await ask(asker, 'user', { cookie })).status).toBe(200);
      expect((await as('https://evil.example')).status).toBe(403);
      expect((await as(nginx.origin)).status).toBe(200);
    });

    it('refuses an upgrade where no location is for it', async () => {
      const headers = { 'Sec-WebSocket-Version': '13', Origin: nginx.origin };
      expect((await ask(asker, 'admin', { cookie: ada.cookie, headers })).status).toBe(404);
    });

    it.each([
      ...['/', '/app', '/ask', '/ask/', '/ask/none/x', '/asks/user/', '/fido2/', '/fido2/login', '/fido2/healthz'],
      ...['/fido2/jwks.json', '/fido2/session', '/fido2/authorize/user', '/fido2/optional/user', '/none'],
      ...[
        '/ask/user/../../fido2/healthz',
        '/ask/admin/%2e%2e/maybe/',
        '/ask/admin/..%2fmaybe/',
        '/ask/admin/../maybe/x',
      ],
      ...['/fido2-page/403', '//fido2/healthz', '/.well-known/openid-configuration'],
    ])('answers nothing but questions: %s', async (path) => {
      const about = askers[asker]({ name: 'user', method: 'GET', path: '/x', address: '198.51.100.7' });
      const { status } = await request(
        { port: ports[asker], origin: nginx.origin },
        { ...about, path, cookie: eve.cookie },
      );
      expect([403, 404]).toContain(status);
    });

    it('believes and answers nobody who is not listed', async () => {
      const about = askers[asker]({ name: 'user', method: 'GET', path: '/x', address: '198.51.100.7' });
      const site = { port: ports[asker], origin: nginx.origin };
      const before = nginx.audit().length;
      const stranger = await request(site, { ...about, cookie: ada.cookie, from: '127.0.0.9' });
      expect(stranger.status).toBe(403);
      expect(stranger.headers['fido2-identity']).toBeUndefined();
      expect(nginx.audit().length).toBe(before);
      expect((await request(site, { ...about, cookie: ada.cookie })).status).toBe(200);
    });

    it('tells names on request only, and takes out those that are empty', async () => {
      const told = await ask(asker, 'told', { cookie: ada.cookie });
      expect(told.headers).toMatchObject({ 'remote-user': 'ada', 'remote-groups': 'admins' });
      const without = await ask(asker, 'told', { cookie: eve.cookie });
      expect(without.headers['remote-groups']).toBeUndefined();
      expect(without.headers['x-envoy-auth-headers-to-remove']).toContain('remote-groups,');
      expect((await ask(asker, 'user', { cookie: ada.cookie })).headers['remote-user']).toBeUndefined();
    });

    it('stays closed where the gate fails, and where something else answers for it', async () => {
      expect((await ask(asker, 'broken', { cookie: ada.cookie })).status).toBe(503);
      expect((await ask(asker, 'somebody', { cookie: ada.cookie })).status).toBe(403);
    });
  });

  it('has Envoy take out every name that nginx itself blanks for an upstream', async () => {
    const snippet = readFileSync(join(projectFolder, 'nginx-conf/upstream.conf'), 'utf8');
    const blanked = [...snippet.matchAll(/^proxy_set_header (\S+) "";/gm)].map(([, name = '']) => name.toLowerCase());
    // what a proxy says of itself is for that proxy to say
    const ours = blanked.filter((name) => !/^(?:x-|forwarded$)/.test(name));
    expect(ours).toContain('remote-user');
    for (const name of ['user', 'told']) {
      const { headers } = await ask('ext-authz', name, { cookie: eve.cookie });
      const removed = headers['x-envoy-auth-headers-to-remove']?.split(',') ?? [];
      expect(ours.filter((each) => !removed.includes(each) && headers[each] === undefined)).toEqual([]);
    }
  });

  it.each(['ext-authz', 'forward-auth'] as const)('%s: a person is sent to sign in', async (asker) => {
    const headers = { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' };
    const answer = await ask(asker, 'user', { headers, path: '/orders?x=1' });
    expect([answer.status, answer.headers.location]).toEqual([303, '/fido2/login?return_to=%2Forders%3Fx%3D1']);
  });

  it('auth-url: a person gets the 401 that auth_request knows', async () => {
    const answer = await ask('auth-url', 'user', { headers: { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' } });
    expect(answer.status).toBe(401);
  });

  it.each([
    ['forward-auth', { 'X-Forwarded-Uri': '', 'X-Forwarded-Method': 'GET' }],
    ['forward-auth', { 'X-Forwarded-Uri': '//evil.example/', 'X-Forwarded-Method': 'get' }],
    ['forward-auth', { 'X-Forwarded-Uri': '/a b', 'X-Forwarded-Method': 'GET' }],
    ['forward-auth', { 'X-Original-URL': 'http://localhost/', 'X-Original-Method': 'GET' }],
    ['auth-url', { 'X-Forwarded-Uri': '/', 'X-Forwarded-Method': 'GET' }],
    ['auth-url', { 'X-Original-URL': '/orders', 'X-Original-Method': 'GET' }],
    ['auth-url', { 'X-Original-URL': 'http://localhost/', 'X-Original-Method': '' }],
  ] as const)('%s refuses a question that does not say what it is about: %j', async (asker, headers) => {
    const site = { port: ports[asker], origin: nginx.origin };
    expect((await request(site, { path: '/ask/user/', headers, cookie: ada.cookie })).status).toBe(403);
  });

  it.each(['ext-authz', 'auth-url'] as const)('%s believes no header of the other kinds', async (asker) => {
    const headers = { 'X-Forwarded-Method': 'GET', 'X-Forwarded-Uri': '/elsewhere' };
    const answer = await ask(asker, 'reader', { method: 'POST', headers, cookie: ada.cookie });
    expect(answer.status).toBe(403);
    expect(nginx.audit().at(-1)).toMatchObject({ target: '/orders?x=1' });
  });
});
