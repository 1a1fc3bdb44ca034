import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sendTwiceEarly } from './early-data.ts';
import { gated, type Place, type ServerText, type Trap, urls, type Visitor } from './trap.ts';

/** Whether the session cookie stands in the log once a signed-in visitor was there. */
const logs =
  (name: string) =>
  async ({ visit, cookie, place }: Visitor): Promise<boolean> => {
    await visit('/app/x', { as: 'ada' });
    const path = join(place.folder, name);
    return existsSync(path) && readFileSync(path, 'latin1').includes(cookie('ada'));
  };

/** A cache before nginx, as others run it, and the server that it asks. */
const behindCache = (name: string, more: string) => ({
  http: ({ port }: Place) => `server {
    listen 127.0.0.1:${port};
    server_name cache.${name}.test;
    location / {
      proxy_set_header Host ${name}.test;
      proxy_cache pages;
      proxy_cache_key ${name}$request_uri;
      proxy_pass http://127.0.0.1:${port};
    }
  }`,
  server: `server_name ${name}.test;\n${gated('/app/', more)}`,
});

/** Whether the cache gives the second visitor what was made for the first. */
const sharedBy =
  (name: string) =>
  async ({ visit }: Visitor): Promise<boolean> => {
    const texts: string[] = [];
    for (const as of ['ada', 'bob'] as const) {
      texts.push((await visit('/app/page', { as, headers: { Host: `cache.${name}.test` } })).answer.text);
    }
    return texts[0] === texts[1] && texts[0]?.startsWith('for eyJ') === true;
  };

/** A TLS server on a socket of its own. */
const earlyServer = (name: string, directive: string): ServerText => ({
  server: ({ folder }) => `listen unix:${folder}/run/${name}.sock ssl;
    ssl_certificate ${folder}/tls.crt; ssl_certificate_key ${folder}/tls.key; ssl_protocols TLSv1.3;
    ${directive}
    ${gated('/app/', 'proxy_ignore_client_abort on;')}`,
});

export const leakTraps: readonly Trap[] = [
  {
    code: 'session_logged',
    name: 'cookies in the access log',
    bad: {
      http: 'log_format with_cookies "$remote_addr $http_cookie"; # here',
      server: ({ folder }) => `access_log ${folder}/bad-access.log with_cookies;\n${gated('/app/')}`,
    },
    good: {
      http: 'log_format with_theme "$remote_addr $cookie_theme";',
      server: ({ folder }) => `access_log ${folder}/good-access.log with_theme;\n${gated('/app/')}`,
    },
    see: async (visitor) => [await logs('bad-access.log')(visitor), await logs('good-access.log')(visitor)],
    open: [true, false],
    closed: [true, false],
  },
  {
    code: 'debug_log',
    name: 'a log at the level debug',
    bad: { server: ({ folder }) => `error_log ${folder}/bad-error.log debug; # here\n${gated('/app/')}` },
    good: { server: ({ folder }) => `error_log ${folder}/good-error.log notice;\n${gated('/app/')}` },
    see: async (visitor) => [await logs('bad-error.log')(visitor), await logs('good-error.log')(visitor)],
    open: [true, false],
    closed: [true, false],
  },
  {
    code: 'identity_to_client',
    name: 'the token in an answer',
    bad: { server: gated('/app/', 'add_header X-Identity $fido2_identity; # here') },
    good: { server: gated('/app/', 'add_header X-Uri $uri;') },
    see: async ({ visit }) => (await visit('/app/x', { as: 'ada' })).answer.headers['x-identity']?.startsWith('eyJ'),
    open: true,
    closed: undefined,
  },
  {
    code: 'cacheable_answer',
    name: 'answers that a cache before nginx may keep',
    bad: behindCache('kept', 'expires 1h; # here'),
    good: behindCache('private', 'add_header Cache-Control "private, max-age=60";'),
    see: async (visitor) => [await sharedBy('kept')(visitor), await sharedBy('private')(visitor)],
    open: [true, false],
    closed: [true, false],
  },
  {
    code: 'early_data',
    name: 'a request that was recorded and is sent again',
    bad: earlyServer('early', 'ssl_early_data on; # here'),
    good: earlyServer('late', ''),
    see: async ({ host, place, cookie, during }) => {
      const socket = join(place.folder, 'run', host.startsWith('bad') ? 'early.sock' : 'late.sock');
      const transfer = `GET /app/transfer HTTP/1.1\r\nHost: ${host}\r\nCookie: __Host-fido2=${cookie('ada')}\r\n\r\n`;
      return urls(await during(() => sendTwiceEarly(socket, transfer, place.folder)));
    },
    open: ['/app/transfer', '/app/transfer'],
    closed: [],
  },
];
