import { gated, nobodyAt, publicPass, type ServerText, type Trap, urls, type Visitor } from './trap.ts';

const decided = (by: string): string => `location /app/ {
  js_engine qjs;
  js_import decide from decide.js;
  include fido2/public.conf;
  ${by}
  proxy_pass http://app;
}`;

/** A server on a socket of its own: nginx takes merge_slashes from the first server of a listen. */
const slashes = (name: string, directive: string): ServerText => ({
  http: ({ port, folder }) => `server {
    listen 127.0.0.1:${port};
    server_name ${name}.test;
    location / { proxy_pass http://unix:${folder}/run/${name}.sock; }
  }`,
  server: ({ folder }) =>
    `listen unix:${folder}/run/${name}.sock;\n${directive}\n${gated('/app/')}\nlocation / { ${publicPass} }`,
});

const servesData =
  (path: string) =>
  async ({ visit }: Visitor) => {
    const { status, text } = (await visit(path)).answer;
    return status === 200 && text.includes('"event"');
  };

export const routingTraps: readonly Trap[] = [
  {
    code: 'regex_before_gate',
    name: 'an open regular expression over a gated prefix',
    bad: { server: `location ~* [.](?:css|php)$ { # here\n ${publicPass} }\n${gated('/app/')}` },
    good: { server: `location ~* [.](?:css|php)$ { ${publicPass} }\n${gated('^~ /app/')}` },
    see: nobodyAt('/app/users.php'),
    open: ['/app/users.php'],
    closed: [],
  },
  {
    code: 'regex_before_gate',
    name: 'a regular expression of another policy',
    bad: {
      server: `${gated('~ [.]php$').replace('{', '{ # here')}\n${gated('/admin/').replace('/authorize/user', '/authorize/admin')}`,
    },
    good: {
      server: `${gated('~ ^/app/.*[.]php$')}\n${gated('/admin/').replace('/authorize/user', '/authorize/admin')}`,
    },
    see: async ({ visit }) => (await visit('/admin/x.php', { as: 'bob' })).answer.status,
    open: 200,
    closed: 403,
  },
  {
    code: 'gated_elsewhere',
    name: 'another server before the same upstream',
    bad: {
      http: ({ port }) =>
        `server {\n listen 127.0.0.1:${port}; server_name old.test;\n location / {\n include fido2/public.conf;\n proxy_pass http://app; # here\n}\n}`,
      server: gated('/app/'),
    },
    good: {
      http: ({ port }) =>
        `server { listen 127.0.0.1:${port}; server_name moved.test; location / { return 301 https://app.example; } }`,
      server: gated('/app/'),
    },
    see: async ({ visit, host }) => {
      const Host = host.startsWith('bad') ? 'old.test' : 'moved.test';
      return urls(await visit('/app/x', { headers: { Host } }));
    },
    open: ['/app/x'],
    closed: [],
  },
  {
    code: 'merge_slashes_off',
    name: 'doubled slashes left as they are',
    bad: slashes('doubled', 'merge_slashes off; # here'),
    good: slashes('merged', ''),
    see: async ({ visit, host }) => {
      const Host = host.startsWith('bad') ? 'doubled.test' : 'merged.test';
      return urls(await visit('//app/x', { headers: { Host } }));
    },
    open: ['//app/x'],
    closed: [],
  },
  {
    code: 'alias_traversal',
    name: 'an alias that ends in a slash alone',
    bad: { server: ({ folder }) => `location /files {\n alias ${folder}/www/; # here\n}` },
    good: { server: ({ folder }) => `location /files/ { alias ${folder}/www/; }` },
    see: servesData('/files../data/audit.log'),
    open: true,
    closed: false,
  },
  {
    code: 'script_decides',
    name: 'a script that decides nothing',
    bad: { server: decided('js_access decide.access; # here') },
    good: { server: gated('/app/', 'js_import decide from decide.js; js_access decide.access;') },
    see: nobodyAt('/app/x'),
    open: ['/app/x'],
    closed: [],
  },
  {
    code: 'script_decides',
    name: 'a variable whose script fails',
    bad: {
      server: decided(
        'js_set $allowed_by_script decide.allowed;\nif ($allowed_by_script = "") { # here\n return 401;\n}',
      ),
    },
    good: { server: gated('/app/') },
    see: nobodyAt('/app/x'),
    open: ['/app/x'],
    closed: [],
  },
  {
    code: 'our_path_taken',
    name: 'an application at a path of ours',
    bad: { server: 'location ^~ /fido2/assertion/ { # here\n include fido2/public.conf; proxy_pass http://other; }' },
    good: { server: 'location /fido2-app/ { include fido2/public.conf; proxy_pass http://other; }' },
    see: async ({ visit }) => {
      const { other } = await visit('/fido2/assertion/result', { method: 'POST', body: 'an assertion' });
      return other.map(({ body }) => body.toString());
    },
    open: ['an assertion'],
    closed: [],
  },
  {
    code: 'internal_exposed',
    name: 'counters for everybody',
    bad: {
      server: ({ folder }) =>
        `location = /metrics {\n include fido2/public.conf;\n proxy_pass http://unix:${folder}/run/fido2.sock:/fido2/metrics; # here\n}`,
    },
    good: {
      server: ({ folder }) =>
        `location = /metrics { allow 203.0.113.1; deny all; proxy_pass http://unix:${folder}/run/fido2.sock:/fido2/metrics; }`,
    },
    see: async ({ visit }) => {
      const { status, text } = (await visit('/metrics')).answer;
      return [status, text.includes('fido2_')];
    },
    open: [200, true],
    closed: [403, false],
  },
];
