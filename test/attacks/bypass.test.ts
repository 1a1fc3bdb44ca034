import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { reached, readAs } from './reached.ts';

const hasNginx = await needs('nginx');
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream((arrived, response) => {
    // a page that includes a gated one, and whatever a site answers that says yes to everything
    response.setHeader('Content-Type', 'text/html');
    response.end(arrived.url === '/ssi' ? '<!--#include virtual="/app/included" -->' : 'ok');
  });
});

interface Hole {
  /** What an operator wrote. */
  readonly name: string;
  readonly server?: string;
  readonly locations?: string;
  readonly conf?: (text: string) => string;
  /** Requested without a session. */
  readonly paths: readonly string[];
  /** True for what reached the gated upstream. */
  readonly isGated?: (url: string) => boolean;
}

/** The snippet stands in another server of the same nginx only, which is why nginx starts at all. */
const serverConfElsewhere = (text: string) => {
  const folder = /pid (\S+)\/nginx\.pid;/.exec(text)?.[1] ?? '';
  const elsewhere = `server { listen unix:${folder}/run/other.sock; include fido2/server.conf; }`;
  return text.replace('include fido2/server.conf;', '').replace(/\}\s*$/, `${elsewhere}\n}\n`);
};
const open = 'include fido2/public.conf; proxy_pass http://app;';
const gatedUrl = (url: string) => /^\/(?:app|admin)\//.test(url);

const holes: readonly Hole[] = [
  {
    name: 'a catch-all regex location',
    locations: `location ~ ^/(.*)$ { ${open} }`,
    paths: ['/fido2/authorize/user', '/fido2/optional/user'],
    isGated: (url) => url.startsWith('/fido2/'),
  },
  {
    name: 'a catch-all regex location that answers by itself',
    locations: 'location ~ authorize { return 200; }\nlocation ~* \\.(?:png|css)$ { return 200; }',
    paths: ['/app/x', '/admin/x'],
  },
  {
    name: 'a server-level rewrite to a page',
    server: 'rewrite ^/fido2/(?!static/)[^.]*$ /index.html last;',
    paths: ['/app/x', '/admin/x'],
  },
  {
    name: 'a server-level rewrite of everything to a page',
    server: 'rewrite ^/(?!app/|admin/)[^.]*$ /index.html last;',
    paths: ['/app/x', '/admin/x'],
  },
  { name: 'a server-level return', server: 'if ($uri ~ ^/fido2/) { return 200; }', paths: ['/app/x', '/admin/x'] },
  { name: 'a forgotten server.conf', conf: serverConfElsewhere, paths: ['/app/x', '/admin/x'] },
  {
    name: 'SSI in an open page',
    locations: `location = /ssi { ssi on; ${open} }`,
    paths: ['/ssi'],
  },
  {
    name: 'mirror in an open location',
    locations: `location = /mirrored { mirror /app/mirror; mirror /admin/mirror; ${open} }`,
    paths: ['/mirrored'],
  },
  {
    name: 'satisfy any',
    locations: gatedLocation('/app/any/', 'user', 'satisfy any; allow all;'),
    paths: ['/app/any/x'],
  },
  { name: 'satisfy any for the whole server', server: 'satisfy any; allow 127.0.0.1;', paths: ['/app/x', '/admin/x'] },
  {
    name: 'an error page in a gated location',
    locations: 'location = /missing { error_page 404 =200 /app/error; return 404; }\nerror_page 405 =200 /admin/error;',
    paths: ['/missing'],
  },
  {
    name: 'try_files into a gated location',
    locations:
      'location = /tried { try_files /none /app/tried; }\nlocation = /named { try_files /none @named; }\n' +
      'location @named { auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }',
    paths: ['/tried', '/named'],
    isGated: (url) => gatedUrl(url) || url === '/named',
  },
  {
    name: 'rewrite last into a gated location',
    locations:
      'location = /rewritten { rewrite ^ /admin/rewritten last; }\nlocation = /broken { rewrite ^ /app/broken break; return 404; }',
    paths: ['/rewritten', '/broken'],
  },
  {
    name: 'a nested location with headers of its own',
    locations: `location /app/nested/ {
      auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny;
      location /app/nested/deep/ { proxy_set_header X-Own 1; proxy_pass http://app$fido2_deny; }
      location ~ /app/nested/[a-z]+\\.txt$ { error_page 401 =200 /open; proxy_pass http://app$fido2_deny; }
    }`,
    paths: ['/app/nested/deep/x', '/app/nested/x.txt'],
  },
  {
    name: 'an error page of its own that makes 200 of 401',
    locations: gatedLocation('/app/soft/', 'user', 'error_page 401 403 500 502 =200 /open;'),
    paths: ['/app/soft/x'],
  },
  {
    name: 'auth_request off below a gate',
    locations: `location /app/off/ {
      auth_request /fido2/authorize/user; include fido2/upstream.conf;
      location /app/off/open/ { auth_request off; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }
    }`,
    paths: ['/app/off/open/x'],
  },
  {
    name: 'a policy in auth_request that a client chooses',
    locations: gatedLocation('/app/chosen/', 'nobody-wrote-this'),
    paths: ['/app/chosen/x?policy=user', '/app/chosen/x'],
  },
  {
    name: 'limit_except and if around the pass',
    locations: `location /app/except/ { auth_request /fido2/authorize/user; include fido2/upstream.conf;
      limit_except GET { allow all; }
      if ($arg_a) { proxy_pass http://app$fido2_deny; }
      proxy_pass http://app$fido2_deny; }`,
    paths: ['/app/except/x', '/app/except/x?a=1'],
  },
];

describe.runIf(hasNginx).each(holes)('case 31: $name', ({ server, locations, conf, paths, isGated = gatedUrl }) => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    const site = { upstream, ...(server && { server }), ...(locations && { locations }), ...(conf && { conf }) };
    nginx = await startNginx({ ...site, fit: false });
  });
  afterAll(() => nginx.stop());

  it.each(paths)('case 31: %s reaches the gated upstream without a session in no way', async (path) => {
    const cookies = [undefined, `AAAA.${'A'.repeat(22)}.${'A'.repeat(22)}.0-aaaaaa-1.${'A'.repeat(43)}`];
    for (const cookie of cookies) {
      const headers = { 'Fido2-Identity': 'forged' };
      const { arrived } = await reached(upstream, async () => {
        for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND']) {
          await get(nginx, path, { method, cookie, headers });
        }
        // a mirrored request goes on after the answer
        await get(nginx, '/', {});
      });
      expect(arrived.filter(({ url }) => isGated(url)).map(({ url }) => url)).toEqual([]);
      expect(arrived.flatMap((one) => readAs(one, 'Fido2-Identity'))).toEqual([]);
    }
  });
});

describe.runIf(hasNginx)('what a site sets', () => {
  let nginx: RunningNginx;
  let ada: Enrolment;
  let bob: Enrolment;

  beforeAll(async () => {
    const server = `set $policy user; set $fido2_identity forged; set $fido2_before "a=1";
      set $fido2_code ok; set $fido2_refusal "";`;
    const nested = `location /app/nested/ {
      auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny;
      location /app/nested/deep/ { include fido2/upstream.conf; proxy_set_header X-Own 1; proxy_pass http://app$fido2_deny; }
    }`;
    nginx = await startNginx({ upstream, server, locations: nested });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
    bob = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
  });

  it('case 28: a server-level set changes neither the policy nor the identity', async () => {
    const nobody = await reached(upstream, () => get(nginx, '/admin/x'));
    expect([nobody.result.status, nobody.arrived]).toEqual([401, []]);
    const member = await reached(upstream, () => get(nginx, '/admin/x', { cookie: bob.cookie }));
    expect([member.result.status, member.arrived]).toEqual([403, []]);
    for (let i = 0; i < 2; i++) {
      const { arrived } = await reached(upstream, () => get(nginx, '/admin/x', { cookie: ada.cookie }));
      const tokens = arrived.flatMap((one) => readAs(one, 'Fido2-Identity'));
      expect(tokens.length).toBe(1);
      expect((await verifyIdentity(nginx, tokens[0])).payload.sub).toBe(ada.userId);
    }
  });

  it('case 31: a nested location that includes the snippet again lets no forged identity through', async () => {
    const headers = { 'Fido2-Identity': 'forged', Fido2_Identity: 'forged' };
    const { arrived } = await reached(upstream, () =>
      get(nginx, '/app/nested/deep/x', { headers, cookie: bob.cookie }),
    );
    const tokens = arrived.flatMap((one) => readAs(one, 'Fido2-Identity'));
    expect(tokens.length).toBe(1);
    expect((await verifyIdentity(nginx, tokens[0])).payload.sub).toBe(bob.userId);
    expect(arrived[0]?.header('x-own')).toBe('1');
  });
});
