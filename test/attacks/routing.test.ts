import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { sendRaw } from './raw-request.ts';
import { reached, readAs } from './reached.ts';

const optional = `location /optional/ {
  auth_request /fido2/optional/user;
  include fido2/upstream.conf;
  proxy_pass http://app$fido2_deny;
}`;
const gated = ['/app/x', '/admin/x'];
const open = ['/', '/optional/'];

describe.runIf(await needs('nginx'))('attacks on routing and headers', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let ada: Enrolment;
  let bob: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    // the settings that let the most spellings of a header through
    const server = 'underscores_in_headers on; ignore_invalid_headers off;';
    nginx = await startNginx({ upstream, locations: optional, server });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
    bob = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
  });

  it('case 1: a client identity header reaches the upstream on no path', async () => {
    const headers = { 'Fido2-Identity': 'forged' };
    for (const path of open) {
      const { arrived } = await reached(upstream, () => get(nginx, path, { headers }));
      expect(arrived.map((one) => readAs(one, 'Fido2-Identity'))).toEqual([[]]);
    }
    for (const path of gated) {
      const { result, arrived } = await reached(upstream, () => get(nginx, path, { headers }));
      expect([path, result.status, arrived.length]).toEqual([path, 401, 0]);
    }
    const { arrived } = await reached(upstream, () => get(nginx, '/app/x', { headers, cookie: ada.cookie }));
    const [token, ...more] = arrived.flatMap((one) => readAs(one, 'Fido2-Identity'));
    expect((await verifyIdentity(nginx, token)).payload.sub).toBe(ada.userId);
    expect(more).toEqual([]);
  });

  it.each(['fido2-identity', 'FIDO2-IDENTITY', 'Fido2_Identity', 'fido2_identity', 'FIDO2_IDENTITY'])(
    'case 2: %s is removed like Fido2-Identity',
    async (name) => {
      for (const path of [...open, ...gated]) {
        for (const cookie of [undefined, ada.cookie]) {
          const lines = [`${name}: forged`, `Fido2-Identity: forged`, `${name}: forged`];
          const { arrived } = await reached(upstream, () => sendRaw(nginx, { target: path, lines, cookie }));
          for (const one of arrived) {
            const values = readAs(one, 'Fido2-Identity');
            expect([path, values.length]).toEqual([path, path === '/' || cookie === undefined ? 0 : 1]);
            expect(values).not.toContain('forged');
          }
        }
      }
    },
  );

  it.each(['Fido2-Identity', 'Fido2-Identity, Cookie, X-Forwarded-For', 'close, fido2-identity', 'Host'])(
    'case 3: "Connection: %s" takes no header of ours away and lets none in',
    async (connection) => {
      const lines = [`Connection: ${connection}`, 'Fido2-Identity: forged', 'Cookie: a=1'];
      const { arrived } = await reached(upstream, () =>
        sendRaw(nginx, { target: '/app/x', lines, cookie: ada.cookie }),
      );
      expect(arrived.length).toBe(1);
      for (const one of arrived) {
        expect((await verifyIdentity(nginx, one.header('fido2-identity'))).payload.sub).toBe(ada.userId);
        expect(one.header('x-forwarded-for')).toBe('127.0.0.1');
        expect(one.header('host')).toBe(new URL(nginx.origin).host);
        expect(one.header('cookie')).toMatch(/^a=1;?$/);
        expect(one.header('connection')).toBeUndefined();
      }
    },
  );

  it('case 4: forwarding headers of a client are replaced or removed', async () => {
    const spoofed = {
      'X-Forwarded-For': '10.0.0.1',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Port': '1',
      'X-Forwarded-Prefix': '/evil',
      'X-Forwarded-Uri': '/public',
      'X-Original-URL': '/public',
      'X-Rewrite-URL': '/public',
      'X-Real-IP': '10.0.0.1',
      Forwarded: 'for=10.0.0.1',
    };
    const ours = {
      'X-Forwarded-For': '127.0.0.1',
      'X-Forwarded-Host': new URL(nginx.origin).host,
      'X-Forwarded-Proto': 'http',
      'X-Real-IP': '127.0.0.1',
    } as Readonly<Record<string, string>>;
    for (const path of ['/', '/optional/', '/app/x', '/admin/x']) {
      const { arrived } = await reached(upstream, () => get(nginx, path, { headers: spoofed, cookie: ada.cookie }));
      const seen = Object.keys(spoofed).map((name) => [name, arrived[0]?.header(name)]);
      expect([path, seen]).toEqual([path, Object.keys(spoofed).map((name) => [name, ours[name]])]);
    }
    const without = await reached(upstream, () => get(nginx, '/admin/x', { headers: spoofed }));
    expect([without.result.status, without.arrived.length]).toEqual([401, 0]);
  });

  it.each([
    ...['/admin/../admin/x', '/x/../admin/x', '/%61dmin/x', '/admin%2fx', '/admin/%2e/x', '//admin/x', '/./admin/x'],
    ...['/x/%2e%2e/admin/x', '/x/..%2fadmin/x', '/x%2f..%2fadmin%2fx', '/admin/x?/../../', '/admin/x#/../..'],
    ...['/app/../admin/x', '/app/%2e%2e/admin/x', '/app/..%2fadmin/x', '/app//../admin/x', '/app/.%2e/admin/x'],
  ])('case 5: %s is the gated location that it names', async (target) => {
    const nobody = await reached(upstream, () => sendRaw(nginx, { target }));
    expect(nobody.arrived).toEqual([]);
    expect([400, 401, 403]).toContain(nobody.result.status);
    const member = await reached(upstream, () => sendRaw(nginx, { target, cookie: bob.cookie }));
    expect(member.arrived).toEqual([]);
    expect([400, 403]).toContain(member.result.status);
  });

  it.each([
    ...['/admin/../x', '/admin/%2e%2e/x', '/admin/..%2fx', '/admin/.%2e%2fx', '/admin%2f..%2fx', '/admin/x/../../y'],
    ...[
      '/admin/..',
      '/admin/%2e%2e',
      '/admin/../app/x',
      '/admin/..%2fapp/x',
      '/admin/%2e%2e/app/x',
      '/./x',
      '/x/%2e/y',
    ],
    ...['/admin/..;/x', '/admin/..\\x', '/admin\\..\\x', '/admin%5c..%5cx'],
  ])('case 5: %s, which upstreams may take for another path than nginx does, is refused', async (target) => {
    for (const cookie of [undefined, bob.cookie]) {
      const { result, arrived } = await reached(upstream, () => sendRaw(nginx, { target, cookie }));
      expect([result.status, arrived.map(({ url }) => url)]).toEqual([403, []]);
    }
  });

  it.each([
    ...[
      '/admin/%',
      '/admin/%zz',
      '/admin/%0',
      '/admin/\xff\xfe',
      '/admin/%ff%fe',
      '/admin/%ed%a0%80',
      '/admin/\xed\xa0\x80',
    ],
    ...['/admin/%00', '/admin/\x00', '/admin/\x01', '/admin/x y', '/admin/%0d%0aX:1', '/admin/\x7f', '/admin/%c0%af'],
    ...['admin/x', 'http:///admin/x', '*', '/admin/?\xff', `/admin/${'a'.repeat(7000)}`],
  ])('case 6: the malformed target %j opens nothing', async (target) => {
    for (const cookie of [undefined, bob.cookie]) {
      for (const accept of ['text/html', 'application/json']) {
        const request = { target, lines: [`Accept: ${accept}`], cookie };
        const { result, arrived } = await reached(upstream, () => sendRaw(nginx, request));
        expect(arrived).toEqual([]);
        expect([303, 400, 401, 403, 404, 405, 414, 0]).toContain(result.status);
      }
    }
  });

  it.each([
    ['another case', '/app/x', (host: string) => host.toUpperCase()],
    ['another host', '/app/x', () => 'evil.example'],
    ['a trailing dot', '/app/x', (host: string) => host.replace(':', '.:')],
    ['userinfo', '/app/x', (host: string) => `evil@${host}`],
    ['absolute form', 'http://evil.example/app/x', (host: string) => host],
    ['absolute form in upper case', 'HTTP://EVIL.EXAMPLE/app/x', () => 'evil.example'],
  ])('case 7: Host in another case or absolute form: %s', async (_, target, change) => {
    const own = new URL(nginx.origin).host;
    const host = change(own);
    const nobody = await reached(upstream, () => sendRaw(nginx, { target, host }));
    expect(nobody.arrived).toEqual([]);
    expect([400, 401]).toContain(nobody.result.status);
    expect(nobody.result.text).not.toContain('evil');
    const member = await reached(upstream, () => sendRaw(nginx, { target, host, cookie: bob.cookie }));
    for (const one of member.arrived) {
      expect([one.header('host'), one.header('x-forwarded-host')]).toEqual([own, own]);
    }
    const admin = target.replace('/app/', '/admin/');
    const above = await reached(upstream, () => sendRaw(nginx, { target: admin, host, cookie: bob.cookie }));
    expect(above.arrived).toEqual([]);
  });

  it.each([
    ['User-Agent', 'kube-probe/1.30'],
    ['User-Agent', 'ELB-HealthChecker/2.0'],
    ['User-Agent', 'GoogleHC/1.0'],
    ['X-Health-Check', '1'],
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Original-URL', '/fido2/healthz'],
    ['X-Rewrite-URL', '/fido2/healthz'],
    ['Authorization', 'Basic YWRtaW46YWRtaW4='],
    ['Fido2-Session', 'A'.repeat(100)],
  ])('case 8: %s: %s exempts from nothing', async (name, value) => {
    for (const path of [...gated, '/app/healthz', '/app/fido2/healthz', '/app/ping', '/app/robots.txt']) {
      const { result, arrived } = await reached(upstream, () => get(nginx, path, { headers: { [name]: value } }));
      expect([path, result.status, arrived.length]).toEqual([path, 401, 0]);
    }
  });
});
