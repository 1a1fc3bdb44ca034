import { bareRefusals, gated, nobodyAt, partsOf, publicPass, type Trap, type TrapText, type Visitor } from './trap.ts';

const bare = (more = ''): string => gated('/app/', more, 'proxy_pass http://app;');

/** The gate as somebody changed it, with the line marked; `rest` is what the server has besides. */
function changed(change: (text: string) => string, rest: string): TrapText {
  return ({ snippet }) => {
    const before = partsOf(snippet('server.conf')).gate;
    const after = change(before);
    if (after === before) throw new Error('the change changes nothing');
    return `${after}\n${bareRefusals}\n${rest}`;
  };
}

const doubled = async ({ visit, cookie }: Visitor): Promise<number> => {
  const headers = { Cookie: `__Host-fido2=${cookie('ada')}; __Host-fido2=${cookie('bob')}` };
  return (await visit('/app/x', { headers })).answer.status;
};

/** Asked for by nobody else here: nothing is remembered of it. */
const unremembered = gated('/app/').replace('authorize/user', 'authorize/user/payments');

const strict = /(?<=if \(\$http_cookie !~ ")[^"]*/;
const loose = '^(?<fido2_before>.*;[ \\t]*)?__Host-fido2=([\\w.-]{60,200})(?<fido2_after>)$';

export const gateTraps: readonly Trap[] = [
  {
    code: 'gate_location_missing',
    name: 'server.conf forgotten',
    also: ['deny_suffix_missing'],
    bad: {
      installed: false,
      server: `location / { ${publicPass} }\n${bare().replace(/(auth_request .*)/, '$1 # here')}`,
    },
    good: { server: `location / { ${publicPass} }\n${gated('/app/')}` },
    see: nobodyAt('/app/x'),
    open: ['/fido2/authorize/user', '/app/x'],
    closed: [],
  },
  {
    code: 'gate_shadowed',
    name: 'a rewrite of the server',
    also: ['deny_suffix_missing'],
    bad: {
      server: `rewrite ^/(?!app/)[^.]*$ /index.html last; # here
        location / { ${publicPass} }
        ${bare()}`,
    },
    good: { server: `rewrite ^/old/(.*)$ /app/$1 last;\nlocation / { ${publicPass} }\n${gated('/app/')}` },
    see: nobodyAt('/app/x'),
    open: ['/index.html', '/app/x'],
    closed: [],
  },
  {
    code: 'gate_shadowed',
    name: 'another answer at the authorize path',
    also: ['deny_suffix_missing'],
    bad: { server: `location = /fido2/authorize/user { return 204; } # here\n${bare()}` },
    good: { server: `location = /fido2app/authorize { return 204; }\n${gated('/app/')}` },
    see: nobodyAt('/app/x'),
    open: ['/app/x'],
    closed: [],
  },
  {
    code: 'gate_after_regex',
    name: 'a regular expression asked before the gate',
    also: ['deny_suffix_missing', 'regex_before_gate'],
    bad: {
      installed: false,
      server: changed(
        (text) => text.replace('location ^~ /fido2/authorize/ {', 'location /fido2/authorize/ { # here'),
        `location ~ authorize { ${publicPass} }\n${bare()}`,
      ),
    },
    good: { server: `location ~ authorize { return 404; }\n${gated('/app/')}` },
    see: nobodyAt('/app/x'),
    open: ['/fido2/authorize/user', '/app/x'],
    closed: [],
  },
  {
    code: 'gate_not_internal',
    name: 'a gate that clients can ask',
    bad: {
      installed: false,
      server: changed(
        (text) =>
          text.replace('location ^~ /fido2/authorize/ {\n    internal;', 'location ^~ /fido2/authorize/ { # here'),
        gated('/app/'),
      ),
    },
    good: { server: gated('/app/') },
    see: async ({ visit }) => (await visit('/fido2/authorize/admin', { as: 'bob' })).answer.status,
    open: 403,
    closed: 404,
  },
  {
    code: 'gate_cookie_unchecked',
    name: 'a gate that takes the last of two cookies',
    bad: {
      installed: false,
      server: changed(
        (text) =>
          text
            .replace('location ^~ /fido2/authorize/ {', 'location ^~ /fido2/authorize/ { # here')
            .replace(strict, loose),
        gated('/app/'),
      ),
    },
    good: { server: gated('/app/') },
    see: doubled,
    open: 200,
    closed: 401,
  },
  {
    code: 'gate_fetch_small',
    name: 'a buffer that no token fits into',
    bad: { pages: true, server: `js_fetch_max_response_buffer_size 256; # here\n${unremembered}` },
    good: { server: unremembered },
    see: async ({ visit }) => (await visit('/app/x', { as: 'bob' })).answer.status,
    open: 503,
    closed: 200,
  },
];
