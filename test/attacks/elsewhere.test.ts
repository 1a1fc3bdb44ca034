import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { reached, readAs } from './reached.ts';

const cache = 'proxy_cache pages; proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control Expires;';

const hasNginx = await needs('nginx');

describe.runIf(hasNginx)('case 34: a token sent elsewhere, and files of ours', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let other: Upstream;
  let ada: Enrolment;
  let bob: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream((arrived, response) => {
      const [, status = '200'] = /\/status-(\d+)/.exec(arrived.url) ?? [];
      const redirect = /accel=([^&]+)/.exec(arrived.url)?.[1];
      if (redirect !== undefined) response.setHeader('X-Accel-Redirect', decodeURIComponent(redirect));
      if (status === '401') response.setHeader('WWW-Authenticate', 'Basic realm="own"');
      response.writeHead(Number(status), { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'own=1' });
      response.end(`for ${arrived.header('fido2-identity') ?? 'nobody'}`);
    });
    other = await startUpstream();
    const locations = `
      location /down/ {
        auth_request /fido2/authorize/user;
        include fido2/upstream.conf;
        error_page 502 504 = @other;
        proxy_pass http://127.0.0.1:9$fido2_deny;
      }
      location /down-to-path/ {
        auth_request /fido2/authorize/user;
        include fido2/upstream.conf;
        error_page 502 504 = /other/;
        proxy_pass http://127.0.0.1:9$fido2_deny;
      }
      location @other { include fido2/public.conf; proxy_pass http://127.0.0.1:${other.port}; }
      location /other/ { include fido2/public.conf; proxy_pass http://127.0.0.1:${other.port}; }
      ${gatedLocation('/cached/', 'user', `${cache} proxy_cache_bypass $fido2_identity; proxy_no_cache $fido2_identity;`)}
      ${gatedLocation('/keyed/', 'user', `${cache} proxy_cache_key $uri$fido2_identity;`)}`;
    const http = ({ folder }: { folder: string }) => `proxy_cache_path ${folder}/temp/cache keys_zone=pages:1m;`;
    nginx = await startNginx({ upstream, http, locations });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
    bob = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
  });

  it.each(['/down/', '/down-to-path/'])(
    'case 34: an error page at %s takes the token to no other upstream',
    async (path) => {
      const { result, arrived } = await reached(other, () => get(nginx, path, { cookie: ada.cookie }));
      expect([result.status, arrived.length]).toEqual([200, 1]);
      expect(arrived.flatMap((one) => readAs(one, 'Fido2-Identity'))).toEqual([]);
      expect(arrived[0]?.header('cookie')).toBeUndefined();
      expect((await reached(other, () => get(nginx, path))).arrived).toEqual([]);
    },
  );

  it.each(['/admin/x', '/admin/../admin/x', '/keyed/../admin/x'])(
    'case 34: X-Accel-Redirect to %s asks the policy of its target',
    async (target) => {
      const path = `/app/x?accel=${encodeURIComponent(target)}`;
      const member = await reached(upstream, () => get(nginx, path, { cookie: bob.cookie }));
      expect(member.arrived.map(({ url }) => url)).toEqual([path]);
      expect([403, 404, 500]).toContain(member.result.status);
    },
  );

  it('case 34: X-Accel-Redirect to the gate itself opens nothing', async () => {
    const path = `/app/x?accel=${encodeURIComponent('/fido2/authorize/admin')}`;
    const { result, arrived } = await reached(upstream, () => get(nginx, path, { cookie: bob.cookie }));
    expect([result.status, arrived.length]).toEqual([403, 1]);
  });

  it('case 34: X-Accel-Redirect to an open location takes no token along', async () => {
    const path = `/app/x?accel=${encodeURIComponent('/other/x')}`;
    const { arrived } = await reached(other, () => get(nginx, path, { cookie: bob.cookie }));
    expect(arrived.map((one) => readAs(one, 'Fido2-Identity'))).toEqual([[]]);
  });

  it.each(['/cached/x', '/keyed/x'])('case 34: a cache at %s gives nobody the page of another', async (path) => {
    for (const { cookie, userId } of [ada, bob, ada, bob]) {
      const { text } = await get(nginx, path, { cookie });
      const { payload } = await verifyIdentity(nginx, text.slice('for '.length));
      expect(payload.sub).toBe(userId);
    }
    expect((await get(nginx, path)).status).toBe(401);
  });

  it.each([401, 403, 404, 500, 503])('case 34: an answer %i of the upstream passes as it is', async (status) => {
    const headers = { Accept: 'text/html', 'Sec-Fetch-Mode': 'navigate' };
    const answer = await get(nginx, `/app/status-${status}`, { cookie: ada.cookie, headers });
    expect([answer.status, answer.text.startsWith('for ')]).toEqual([status, true]);
    expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Basic realm="own"' : undefined);
    expect(answer.setCookie).toEqual(['own=1']);
  });

  it('case 34: nothing that others could read lies in the folders of ours', async () => {
    await post(nginx, '/fido2/logout', {}, { cookie: bob.cookie });
    const open: string[] = [];
    const look = (folder: string) => {
      for (const name of readdirSync(folder)) {
        const path = join(folder, name);
        const { mode } = lstatSync(path);
        if (lstatSync(path).isSymbolicLink()) continue;
        if ((mode & 0o077) !== 0 && !path.endsWith('.sock')) open.push(`${path} ${(mode & 0o777).toString(8)}`);
        if (lstatSync(path).isDirectory()) look(path);
      }
    };
    for (const name of ['data', 'run']) {
      expect(statSync(join(nginx.folder, name)).mode & 0o777).toBe(0o700);
      look(join(nginx.folder, name));
    }
    expect(open).toEqual([]);
  });
});
