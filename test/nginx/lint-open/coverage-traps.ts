import { gated, nobodyAt, publicPass, statusAt, type Trap, urls } from './trap.ts';

const ssi = `location = /ssi { ssi on; ${publicPass} }`;
const bare = (pass: string): string => gated('/app/', '', pass);

export const coverageTraps: readonly Trap[] = [
  {
    code: 'ungated_proxy',
    name: 'a pass without a gate',
    bad: { server: 'location /app/ {\n include fido2/public.conf;\n proxy_pass http://app; # here\n}' },
    good: { server: gated('/app/') },
    see: nobodyAt('/app/x'),
    open: ['/app/x'],
    closed: [],
  },
  {
    code: 'public_missing',
    name: 'the session cookie at an open location',
    bad: { server: `location / {\n proxy_pass http://app; # here\n}\n${gated('/app/')}` },
    good: { server: `location / { ${publicPass} }\n${gated('/app/')}` },
    see: async ({ visit, cookie }) => {
      const { app } = await visit('/x', { as: 'ada' });
      return app[0]?.header('cookie') === `__Host-fido2=${cookie('ada')}`;
    },
    open: true,
    closed: false,
  },
  {
    code: 'public_missing',
    name: 'a forged identity at an open location',
    bad: {
      server: `location / {\n proxy_set_header Cookie $fido2_cookies;\n proxy_pass http://app; # here\n}\n${gated('/app/')}`,
    },
    good: { server: `location / { ${publicPass} }\n${gated('/app/')}` },
    see: async ({ visit }) =>
      (await visit('/x', { headers: { 'Fido2-Identity': 'forged' } })).app[0]?.header('fido2-identity'),
    open: 'forged',
    closed: undefined,
  },
  {
    code: 'deny_suffix_without_gate',
    name: 'the suffix where no gate opens it',
    bad: { server: 'location /open/ {\n include fido2/public.conf;\n proxy_pass http://app$fido2_deny; # here\n}' },
    good: { server: `location /open/ { ${publicPass} }` },
    see: statusAt('/open/x'),
    open: 502,
    closed: 200,
  },
  {
    code: 'deny_suffix_missing',
    name: 'a pass without the suffix, which a page includes',
    also: ['subrequest_around_gate'],
    bad: { server: `${ssi}\n${bare('proxy_pass http://app; # here')}` },
    good: { server: `${ssi}\n${bare('proxy_pass http://app$fido2_deny;')}` },
    see: nobodyAt('/ssi'),
    open: ['/ssi', '/app/included'],
    closed: ['/ssi'],
  },
  {
    code: 'deny_suffix_missing',
    name: 'a nested pass without the suffix, which is mirrored to',
    also: ['subrequest_around_gate'],
    bad: {
      server: `location = /m { mirror /app/api/copy; ${publicPass} }
        ${gated('/app/', 'location /app/api/ {\n include fido2/upstream.conf;\n proxy_pass http://app; # here\n}')}`,
    },
    good: { server: `location = /m { mirror /app/api/copy; ${publicPass} }\n${gated('/app/')}` },
    see: async ({ visit }) => urls(await visit('/m')).sort(),
    open: ['/app/api/copy', '/m'],
    closed: ['/m'],
  },
  {
    code: 'deny_suffix_in_path',
    name: 'the suffix in the path',
    also: ['subrequest_around_gate'],
    bad: { server: `${ssi}\n${bare('proxy_pass http://app/x$fido2_deny; # here')}` },
    good: { server: `${ssi}\n${bare('proxy_pass http://app$fido2_deny/x$uri;')}` },
    see: nobodyAt('/ssi'),
    open: ['/ssi', '/x.denied'],
    closed: ['/ssi'],
  },
  {
    code: 'pass_path_replaced',
    name: 'a path behind the suffix',
    bad: { server: bare('proxy_pass http://app$fido2_deny/x; # here') },
    good: { server: bare('proxy_pass http://app$fido2_deny$request_uri;') },
    see: async ({ visit }) => urls(await visit('/app/a?b=1', { as: 'ada' })),
    open: ['/x'],
    closed: ['/app/a?b=1'],
  },
  {
    code: 'pass_unresolvable',
    name: 'a host name that nothing looks up',
    bad: { server: bare('proxy_pass http://localhost:1$fido2_deny; # here') },
    good: { server: bare('proxy_pass http://app$fido2_deny;') },
    see: statusAt('/app/x'),
    open: 502,
    closed: 200,
  },
  {
    code: 'denied_name_taken',
    name: 'an upstream of the denied name',
    bad: {
      http: ({ otherPort }) =>
        `upstream twin { server 127.0.0.1:1; }\nupstream twin.denied { server 127.0.0.1:${otherPort}; } # here`,
      server: `${ssi}\n${bare('proxy_pass http://twin$fido2_deny;')}`,
    },
    good: { server: `${ssi}\n${bare('proxy_pass http://app$fido2_deny;')}` },
    see: async ({ visit }) => (await visit('/ssi')).other.map(({ url }) => url),
    open: ['/app/included'],
    closed: [],
  },
];
