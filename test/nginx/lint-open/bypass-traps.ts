import { gated, nobodyAt, publicPass, type Trap, urls, type Visitor } from './trap.ts';

const files = (path: string, more = ''): string =>
  `location ${path} {\n auth_request /fido2/authorize/user;\n include fido2/errors.conf;\n root www;\n ${more}\n}`;

/** Whether what lies behind the gate is in the answer to somebody without a session. */
const showsAt =
  (path: string, secret: string) =>
  async ({ visit }: Visitor): Promise<boolean> =>
    (await visit(path)).answer.text.includes(secret);

/** Who received an identity token. */
async function receivers({ visit }: Visitor): Promise<{ app: number; other: number }> {
  const { app, other } = await visit('/app/x', { as: 'ada' });
  const count = (arrived: typeof app) => arrived.filter((one) => one.header('fido2-identity') !== undefined).length;
  return { app: count(app), other: count(other) };
}

export const bypassTraps: readonly Trap[] = [
  {
    code: 'return_before_gate',
    name: 'a return in a gated location',
    bad: { server: gated('/app/', 'return 200 secret; # here') },
    good: { server: gated('/app/', 'return 403 secret;') },
    see: async ({ visit }) => (await visit('/app/x')).answer.status,
    open: 200,
    closed: 403,
  },
  {
    code: 'return_before_gate',
    name: 'a return inside if',
    bad: { server: gated('/app/', 'if ($arg_a) {\n return 200 secret; # here\n}') },
    good: { server: gated('/app/', 'if ($arg_a) { return 404; }') },
    see: showsAt('/app/x?a=1', 'secret'),
    open: true,
    closed: false,
  },
  {
    code: 'rewrite_out_of_gate',
    name: 'a rewrite to an open location',
    bad: { server: `${gated('/app/', 'rewrite ^/app/(.*)$ /$1 last; # here')}\nlocation / { ${publicPass} }` },
    good: { server: `${gated('/app/', 'rewrite ^/app/(.*)$ /$1 break;')}\nlocation / { ${publicPass} }` },
    see: nobodyAt('/app/x'),
    open: ['/x'],
    closed: [],
  },
  {
    code: 'rewrite_out_of_gate',
    name: 'a rewrite to a location of another policy',
    bad: {
      server: `location /admin/ {
        auth_request /fido2/authorize/admin;
        rewrite ^/admin/(.*)$ /app/$1 last; # here
      }
      ${gated('/app/')}`,
    },
    good: { server: `location /admin/ { auth_request /fido2/authorize/admin; }\n${gated('/app/')}` },
    see: async ({ visit }) => urls(await visit('/admin/x', { as: 'bob' })),
    open: ['/app/x'],
    closed: [],
  },
  {
    code: 'satisfy_any',
    name: 'an allowed address in place of a session',
    bad: { server: files('/app/', 'satisfy any; # here\n allow 127.0.0.1; deny all;') },
    good: { server: files('/app/', 'satisfy all; allow 127.0.0.1; deny all;') },
    see: showsAt('/app/page.html', 'a gated file'),
    open: true,
    closed: false,
  },
  {
    code: 'subrequest_around_gate',
    name: 'a page that includes a gated one',
    also: ['deny_suffix_missing'],
    bad: {
      server: `location = /ssi {\n ssi on; # here\n ${publicPass} }\n${gated('/app/', '', 'proxy_pass http://app;')}`,
    },
    good: { server: `location = /ssi { ssi on; ${publicPass} }\n${gated('/app/')}` },
    see: nobodyAt('/ssi'),
    open: ['/ssi', '/app/included'],
    closed: ['/ssi'],
  },
  {
    code: 'subrequest_around_gate',
    name: 'gated files added to an open page',
    bad: {
      server: `location /open/ {\n root www;\n add_after_body /app/page.html; # here\n}\n${files('/app/')}`,
    },
    good: { server: `location /open/ { root www; add_after_body /open/page.html; }\n${files('/app/')}` },
    see: showsAt('/open/page.html', 'a gated file'),
    open: true,
    closed: false,
  },
  {
    code: 'mirrored_identity',
    name: 'requests with identities mirrored',
    also: ['public_missing'],
    bad: {
      server: `${gated('/app/', 'mirror /copy; # here')}
        location = /copy { internal; proxy_set_header Fido2-Identity $fido2_identity; proxy_pass http://other; }`,
    },
    good: {
      server: `${gated('/app/', 'mirror /copy;')}
        location = /copy { internal; include fido2/public.conf; proxy_pass http://other; }`,
    },
    see: async ({ visit, cookie }) => {
      const { other } = await visit('/app/x', { as: 'ada' });
      const headers = other.map(({ header }) => [header('fido2-identity') ?? '', header('cookie') ?? '']);
      return headers.map(([identity, cookies]) => [identity?.startsWith('eyJ'), cookies?.includes(cookie('ada'))]);
    },
    open: [[true, true]],
    closed: [[false, false]],
  },
  {
    code: 'gate_switched_off',
    name: 'a gate switched off below',
    bad: { server: gated('/app/', `location /app/open/ {\n auth_request off; # here\n ${publicPass} }`) },
    good: { server: gated('/app/') },
    see: nobodyAt('/app/open/x'),
    open: ['/app/open/x'],
    closed: [],
  },
  {
    code: 'pass_in_if',
    name: 'a pass inside if',
    bad: {
      pages: true,
      server: gated('/app/', 'if ($arg_a) {\n proxy_pass http://other$fido2_deny; # here\n}'),
    },
    good: {
      pages: true,
      server: gated('/app/'),
    },
    see: async ({ visit }) => {
      const [{ answer }, { other }] = [await visit('/app/x?a=1'), await visit('/app/x?a=1', { as: 'ada' })];
      return [answer.status, answer.headers['content-type'], ...other.map(({ header }) => header('cookie'))];
    },
    open: [401, 'application/problem+json', undefined],
    closed: [401, 'application/problem+json'],
  },
  {
    code: 'identity_to_error_page',
    name: 'an error page that takes the token to another upstream',
    also: ['public_missing', 'deny_suffix_without_gate'],
    bad: {
      server: `${gated('/app/', 'error_page 502 = /fallback/; # here', 'proxy_pass http://127.0.0.1:1$fido2_deny;')}
        location /fallback/ { include fido2/upstream.conf; proxy_pass http://other$fido2_deny; }`,
    },
    good: {
      server: `${gated('/app/', '', 'proxy_pass http://127.0.0.1:1$fido2_deny;')}
        location /fallback/ { include fido2/public.conf; proxy_pass http://other; }`,
    },
    see: receivers,
    open: { app: 0, other: 1 },
    closed: { app: 0, other: 0 },
  },
  {
    code: 'error_page_to_open_upstream',
    name: 'refusals answered by an open upstream',
    bad: {
      server: `location /app/ {
        auth_request /fido2/authorize/user;
        error_page 401 =200 /welcome; # here
        root www;
      }
      location /welcome { ${publicPass} }`,
    },
    good: { server: `${files('/app/')}\nlocation /welcome { ${publicPass} }` },
    see: nobodyAt('/app/page.html'),
    open: ['/welcome'],
    closed: [],
  },
  {
    code: 'body_limit_first',
    name: 'a limit that is told before the gate',
    bad: { server: gated('/app/', 'client_max_body_size 10; # here') },
    good: { server: gated('/app/') },
    see: async ({ visit }) => (await visit('/app/x', { method: 'POST', body: 'x'.repeat(100) })).answer.status,
    open: 413,
    closed: 401,
  },
];
