import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cookieName, type Enrolment, enrol, get, request } from '../helpers/client.ts';
import { type FastCgiUpstream, startFastCgi } from '../helpers/fastcgi.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { verifyIdentity } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('FastCGI, gate on %s', (engine) => {
  let nginx: RunningNginx;
  let upstream: FastCgiUpstream;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startFastCgi();
    nginx = await startNginx({
      engine,
      locations: `location /php/ {
        auth_request /fido2/authorize/user;
        fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param REQUEST_URI $request_uri;
        fastcgi_param CONTENT_LENGTH $content_length;
        include fido2/fastcgi.conf;
        fastcgi_pass 127.0.0.1:${upstream.port}$fido2_deny;
      }
      location /cgi/ {
        auth_request /fido2/optional/user;
        fastcgi_param REQUEST_METHOD $request_method;
        include fido2/fastcgi.conf;
        include fido2/user.conf;
        fastcgi_param REMOTE_USER $fido2_user;
        fastcgi_pass 127.0.0.1:${upstream.port}$fido2_deny;
      }`,
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  it('passes a request on with the identity, for a forged one too', async () => {
    const body = 'x'.repeat(200_000);
    const answer = await request(nginx, {
      ...{ method: 'POST', path: '/php/a?b=1', body },
      headers: {
        Cookie: `a=1; ${cookieName}=${ada.cookie}; b=2`,
        'Fido2-Identity': 'forged',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-For': '203.0.113.9',
        Host: 'evil.example',
      },
    });
    expect([answer.status, answer.text]).toEqual([200, 'ok']);
    const arrived = upstream.arrived.at(-1);
    expect(arrived?.params.get('REQUEST_URI')).toBe('/php/a?b=1');
    expect(arrived?.params.get('HTTP_COOKIE')).toBe('a=1; b=2');
    expect(arrived?.params.get('HTTP_HOST')).toBe(`localhost:${nginx.port}`);
    expect(arrived?.params.get('HTTP_X_FORWARDED_PROTO')).toBe('http');
    expect(arrived?.params.get('HTTP_X_FORWARDED_FOR')).toBe('127.0.0.1');
    expect(arrived?.body.length).toBe(body.length);
    const { payload } = await verifyIdentity(nginx, arrived?.params.get('HTTP_FIDO2_IDENTITY'));
    expect(payload.sub).toBe(ada.userId);
  });

  it('names the user in the variable that no header reaches', async () => {
    const headers = { 'Remote-User': 'root', Remote_User: 'root' };
    for (const [cookie, user] of [
      [ada.cookie, 'ada'],
      [undefined, ''],
    ] as const) {
      expect((await get(nginx, '/cgi/', { cookie, headers })).status).toBe(200);
      const params = upstream.arrived.at(-1)?.params;
      expect([params?.get('REMOTE_USER'), params?.get('HTTP_REMOTE_USER')]).toEqual([user, undefined]);
    }
  });

  it('refuses without a session', async () => {
    const before = upstream.arrived.length;
    expect((await get(nginx, '/php/', { headers: { 'Fido2-Identity': 'forged' } })).status).toBe(401);
    expect(upstream.arrived.length).toBe(before);
  });
});
