import { gated, type Sight, type Trap, type Visitor } from './trap.ts';

const forged = { headers: { 'Fido2-Identity': 'forged', Fido2_Identity: 'forged' } };

/** What the upstream reads as the identity, in whatever spelling, when a signed-in client forges one. */
async function identities({ visit }: Visitor): Promise<string[]> {
  const { app, parameters } = await visit('/app/x', { as: 'ada', ...forged });
  const headers = app.flatMap((one) => one.headers).map(([name, value]) => [name.toUpperCase(), value] as const);
  const read = [...headers, ...parameters.flatMap((one) => [...one])];
  return read.filter(([name]) => /^(HTTP_)?FIDO2[-_]IDENTITY$/.test(name)).map(([, value]) => kind(value));
}

const kind = (value: string): string => (/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value) ? 'a token of ours' : value);
const ours = ['a token of ours'];

const carries = (sight: Sight, secret: string): boolean =>
  [...sight.app, ...sight.other].some(({ headers }) => headers.some(([, value]) => value.includes(secret)));

/** Whether the session cookie arrives, under any header. */
async function sessionArrives({ visit, cookie }: Visitor): Promise<boolean> {
  return carries(await visit('/app/x', { as: 'ada' }), cookie('ada'));
}

const closedPass = 'proxy_pass http://app$fido2_deny;';
const believing = (port: number): string =>
  gated(
    '/app/',
    'proxy_set_header X-JWT-Assertion $fido2_identity;',
    `proxy_pass http://127.0.0.1:${port}$fido2_deny;`,
  );

export const upstreamTraps: readonly Trap[] = [
  {
    code: 'identity_missing',
    name: 'a gate without the snippet',
    also: ['session_cookie_forwarded'],
    bad: {
      server:
        'location /app/ {\n auth_request /fido2/authorize/user;\n include fido2/errors.conf;\n proxy_pass http://app$fido2_deny; # here\n}',
    },
    good: { server: gated('/app/') },
    see: identities,
    open: ['forged'],
    closed: ours,
  },
  {
    code: 'identity_missing',
    name: 'a nested location with a header of its own',
    also: ['session_cookie_forwarded'],
    bad: {
      server: gated('/', 'location /app/ {\n proxy_set_header X-Own 1;\n proxy_pass http://app$fido2_deny; # here\n}'),
    },
    good: { server: gated('/', gated('/app/', 'proxy_set_header X-Own 1;')) },
    see: identities,
    open: ['forged'],
    closed: ours,
  },
  {
    code: 'identity_missing',
    name: 'FastCGI without its snippet',
    also: ['session_cookie_forwarded'],
    bad: { server: gated('/app/', 'fastcgi_param REQUEST_METHOD GET;', 'fastcgi_pass fastcgi$fido2_deny; # here') },
    good: {
      server: gated(
        '/app/',
        'fastcgi_param REQUEST_METHOD GET;',
        'fastcgi_pass fastcgi$fido2_deny;',
        'include fido2/fastcgi.conf;',
      ),
    },
    see: identities,
    open: ['forged'],
    closed: ours,
  },
  {
    code: 'identity_missing',
    name: 'uwsgi without its snippet',
    also: ['session_cookie_forwarded'],
    bad: { server: gated('/app/', 'uwsgi_param REQUEST_METHOD GET;', 'uwsgi_pass uwsgi$fido2_deny; # here') },
    good: {
      server: gated(
        '/app/',
        'uwsgi_param REQUEST_METHOD GET;',
        'uwsgi_pass uwsgi$fido2_deny;',
        'include fido2/uwsgi.conf;',
      ),
    },
    see: identities,
    open: ['forged'],
    closed: ours,
  },
  {
    code: 'identity_missing',
    name: 'gRPC without its snippet',
    also: ['session_cookie_forwarded'],
    bad: { server: gated('/app/', '', 'grpc_pass grpc://grpc$fido2_deny; # here') },
    good: { server: gated('/app/', '', 'grpc_pass grpc://grpc$fido2_deny;', 'include fido2/grpc.conf;') },
    see: identities,
    open: ['forged'],
    closed: ours,
  },
  {
    code: 'identity_missing',
    name: 'the client’s own header passed on besides',
    bad: {
      server: gated('/app/', 'proxy_set_header Fido2-Identity $http_fido2_identity;', `${closedPass} # here`),
    },
    good: { server: gated('/app/', 'proxy_set_header X-Client 1;') },
    see: async (visitor) => (await identities(visitor)).sort(),
    open: ['a token of ours', 'forged'],
    closed: ours,
  },
  {
    code: 'session_cookie_forwarded',
    name: 'a Cookie header of its own',
    bad: { server: gated('/app/', 'proxy_set_header Cookie $http_cookie;', `${closedPass} # here`) },
    good: { server: gated('/app/') },
    see: sessionArrives,
    open: true,
    closed: false,
  },
  {
    code: 'session_cookie_forwarded',
    name: 'the cookies under another header',
    bad: { server: gated('/app/', 'proxy_set_header X-Cookies $http_cookie;', `${closedPass} # here`) },
    good: { server: gated('/app/', 'proxy_set_header X-Theme $cookie_theme;') },
    see: sessionArrives,
    open: true,
    closed: false,
  },
  {
    code: 'underscored_identity',
    name: 'underscores in headers',
    also: ['session_cookie_forwarded'],
    bad: {
      server: `underscores_in_headers on; # here
        ${gated('/app/', 'proxy_set_header Fido2-Identity $fido2_identity;', closedPass, 'include fido2/errors.conf;')}`,
    },
    good: { server: `underscores_in_headers on;\n${gated('/app/')}` },
    see: async (visitor) => (await identities(visitor)).sort(),
    open: ['a token of ours', 'forged'],
    closed: ours,
  },
  {
    code: 'believed_header',
    name: 'a header that an application believes, where another location does not say it',
    bad: {
      server: ({ otherPort }) =>
        `${believing(otherPort)}\nlocation / {\n include fido2/public.conf;\n proxy_pass http://127.0.0.1:${otherPort}; # here\n}`,
    },
    good: {
      server: ({ otherPort }) =>
        `${believing(otherPort)}\nlocation / {\n include fido2/public.conf;\n proxy_set_header X-JWT-Assertion "";\n proxy_pass http://127.0.0.1:${otherPort};\n}`,
    },
    see: async ({ visit }) => {
      const { other } = await visit('/x', { headers: { 'X-JWT-Assertion': 'forged' } });
      return other.map((one) => one.header('x-jwt-assertion'));
    },
    open: ['forged'],
    closed: [undefined],
  },
  {
    code: 'pass_chosen_by_client',
    name: 'an upstream that the path names',
    bad: { server: gated('~ ^/app/(\\d+)/', '', 'proxy_pass http://127.0.0.1:$1$fido2_deny; # here') },
    good: {
      http: ({ otherPort }) => `map $uri $port_of_ours { default 1; ~^/app/${otherPort}x/ ${otherPort}; }`,
      server: gated('~ ^/app/(\\d+)/', '', 'proxy_pass http://127.0.0.1:$port_of_ours$fido2_deny;'),
    },
    see: async ({ visit, place }) => {
      const { other } = await visit(`/app/${place.otherPort}/`, { as: 'ada' });
      return other.map((one) => kind(one.header('fido2-identity') ?? ''));
    },
    open: ours,
    closed: [],
  },
  {
    code: 'upstream_unverified',
    name: 'whoever answers for the upstream',
    bad: { server: gated('/app/', '', 'proxy_pass https://tls$fido2_deny; # here') },
    good: {
      server: ({ folder }) =>
        gated(
          '/app/',
          `proxy_ssl_verify on; proxy_ssl_trusted_certificate ${folder}/ca.pem;`,
          'proxy_pass https://tls$fido2_deny;',
        ),
    },
    see: async ({ visit }) => {
      const { other, answer } = await visit('/app/x', { as: 'ada' });
      return [answer.status, ...other.map((one) => kind(one.header('fido2-identity') ?? ''))];
    },
    open: [200, 'a token of ours'],
    closed: [502],
  },
];
