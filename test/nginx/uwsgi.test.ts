import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cookieName, type Enrolment, enrol, get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { verifyIdentity } from '../helpers/upstream.ts';
import { startUwsgi, type UwsgiUpstream } from '../helpers/uwsgi.ts';

describe.runIf(await needs('nginx'))('uwsgi', () => {
  let nginx: RunningNginx;
  let upstream: UwsgiUpstream;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUwsgi();
    nginx = await startNginx({
      locations: `location /py/ {
        auth_request /fido2/authorize/user;
        uwsgi_param REQUEST_URI $request_uri;
        include fido2/uwsgi.conf;
        uwsgi_pass 127.0.0.1:${upstream.port}$fido2_deny;
      }`,
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  it('passes a request on with the identity, for a forged one too', async () => {
    const answer = await get(nginx, '/py/a?b=1', {
      headers: {
        Cookie: `a=1; ${cookieName}=${ada.cookie}; b=2`,
        'Fido2-Identity': 'forged',
        'X-Forwarded-Proto': 'https',
        Host: 'evil.example',
      },
    });
    expect([answer.status, answer.text]).toEqual([200, 'ok']);
    const arrived = upstream.arrived.at(-1);
    expect(arrived?.get('REQUEST_URI')).toBe('/py/a?b=1');
    expect(arrived?.get('HTTP_COOKIE')).toBe('a=1; b=2');
    expect(arrived?.get('HTTP_HOST')).toBe(`localhost:${nginx.port}`);
    expect(arrived?.get('HTTP_X_FORWARDED_PROTO')).toBe('http');
    expect((await verifyIdentity(nginx, arrived?.get('HTTP_FIDO2_IDENTITY'))).payload.sub).toBe(ada.userId);
  });

  it('refuses without a session', async () => {
    const before = upstream.arrived.length;
    expect((await get(nginx, '/py/', { headers: { 'Fido2-Identity': 'forged' } })).status).toBe(401);
    expect(upstream.arrived.length).toBe(before);
  });
});
