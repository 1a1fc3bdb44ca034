import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, type HeaderValues } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';

const bearer = 'include fido2/bearer.conf;';
const remoteUser = 'include fido2/remote-user.conf;';
const named = 'proxy_set_header X-JWT-Assertion $fido2_identity; proxy_set_header X_JWT_Assertion "";';
const optional = (path: string, more: string): string =>
  gatedLocation(path, 'user', more).replace('authorize', 'optional');

const forgeries: readonly HeaderValues[] = [
  { 'Remote-User': 'root', 'Remote-Groups': 'admins', 'Remote-Name': 'Root', 'Remote-Email': 'root@example.com' },
  { 'REMOTE-USER': ['root', 'root'], 'remote-groups': 'admins' },
  { Remote_User: 'root', Remote_Groups: 'admins', Remote_Name: 'Root', remote_email: 'root@example.com' },
  { 'Remote-User': '', Remote_User: 'root' },
  { 'Remote-User': 'root', Connection: 'close, Remote-User, Remote-Groups' },
];

describe.runIf(await needs('nginx'))('an identity in an application’s own words', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({
      upstream,
      http: 'underscores_in_headers on;',
      locations: [
        gatedLocation('/bearer/', 'user', bearer),
        gatedLocation('/remote/', 'user', remoteUser),
        gatedLocation('/named/', 'user', named),
        optional('/named-optional/', named),
        optional('/optional/', `${bearer} ${remoteUser}`),
      ].join('\n'),
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins', 'staff'] });
  });

  /** What has arrived of it, under any spelling. */
  const remote = (): Record<string, string | undefined> =>
    Object.fromEntries(
      ['user', 'groups', 'name', 'email']
        .flatMap((word) => [`remote-${word}`, `remote_${word}`].map((name) => [name, upstream.last().header(name)]))
        .filter(([, value]) => value !== undefined),
    );

  it('is a bearer token, whatever the client sent there', async () => {
    for (const Authorization of ['Bearer forged', 'Basic cm9vdDpyb290', '']) {
      const { status } = await get(nginx, '/bearer/', { cookie: ada.cookie, headers: { Authorization } });
      expect(status).toBe(200);
      const [scheme, token] = (upstream.last().header('authorization') ?? '').split(' ');
      expect(scheme).toBe('Bearer');
      const { payload } = await verifyIdentity(nginx, token);
      expect(payload.sub).toBe(ada.userId);
    }
  });

  it.each<HeaderValues>([
    {},
    { 'X-JWT-Assertion': 'forged' },
    { 'x-jwt-assertion': ['forged', 'forged'], X_JWT_Assertion: 'forged' },
    { 'X-JWT-Assertion': 'forged', Connection: 'close, X-JWT-Assertion' },
  ])('is a token under a name of the application’s own, whatever the client sent there: %j', async (headers) => {
    expect((await get(nginx, '/named/', { cookie: ada.cookie, headers })).status).toBe(200);
    const { payload } = await verifyIdentity(nginx, upstream.last().header('x-jwt-assertion'));
    expect([payload.sub, upstream.last().header('x_jwt_assertion')]).toEqual([ada.userId, undefined]);
    expect((await get(nginx, '/named-optional/', { headers })).status).toBe(200);
    expect(upstream.last().header('x-jwt-assertion')).toBeUndefined();
    expect(upstream.last().header('x_jwt_assertion')).toBeUndefined();
  });

  it.each([{}, ...forgeries])('is the user, the groups and the name, whatever the client sent: %j', async (headers) => {
    expect((await get(nginx, '/remote/', { cookie: ada.cookie, headers })).status).toBe(200);
    expect(remote()).toEqual({ 'remote-user': 'ada', 'remote-groups': 'admins,staff', 'remote-name': 'ada' });
  });

  it.each(forgeries)('is nobody’s where there is no session: %j', async (headers) => {
    expect((await get(nginx, '/optional/', { headers: { ...headers, Authorization: 'Bearer forged' } })).status).toBe(
      200,
    );
    expect(remote()).toEqual({});
    expect(upstream.last().header('authorization')).toBeUndefined();
  });

  it.each(forgeries)('is not forged where nobody opted in, gated or open: %j', async (headers) => {
    for (const path of ['/app/', '/open']) {
      expect((await get(nginx, path, { cookie: ada.cookie, headers })).status).toBe(200);
      expect([path, remote()]).toEqual([path, {}]);
    }
  });
});
