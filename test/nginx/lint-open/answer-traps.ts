import type { Answer } from '../../helpers/client.ts';
import { gated, type Trap, type Visitor } from './trap.ts';

/** Whether the second visitor gets the page that the application made for the first. */
async function sharesPages({ visit }: Visitor): Promise<boolean> {
  const texts: string[] = [];
  for (const as of ['ada', 'bob'] as const) texts.push((await visit('/app/page', { as })).answer.text);
  return texts[0] === texts[1] && texts[0]?.startsWith('for eyJ') === true;
}

const cached = 'proxy_cache_valid 200 1m; proxy_ignore_headers Cache-Control Expires;';
const contentType = ({ headers }: Answer): string | undefined => headers['content-type'];

const closedPass = 'proxy_pass http://app$fido2_deny;';
const sent = 'proxy_set_header Cookie ""; proxy_set_header Fido2-Identity $fido2_identity;';
const intercepting = gated(
  '/app/',
  `proxy_intercept_errors on; ${sent}`,
  `${closedPass} # here`,
  'include fido2/errors.conf;',
);

export const answerTraps: readonly Trap[] = [
  {
    code: 'errors_intercepted',
    name: 'errors of the application intercepted',
    bad: {
      pages: true,
      server: intercepting,
    },
    good: {
      pages: true,
      server: gated('/app/'),
    },
    see: async ({ visit }) => {
      const headers = { 'Sec-Fetch-Mode': 'navigate' };
      const { answer } = await visit('/app/status-401', { as: 'ada', headers });
      return [answer.status, answer.headers.location?.startsWith('/fido2/login')];
    },
    open: [303, true],
    closed: [401, undefined],
  },
  {
    code: 'refusal_pages_lost',
    name: 'an error page of a nested location',
    bad: {
      pages: true,
      server: gated('/', 'location /app/ {\n error_page 404 /404.html;\n proxy_pass http://app$fido2_deny; # here\n}'),
    },
    good: {
      pages: true,
      server: gated('/app/', 'error_page 404 /404.html;'),
    },
    see: async ({ visit }) => contentType((await visit('/app/x')).answer),
    open: 'text/html',
    closed: 'application/problem+json',
  },
  {
    code: 'shared_cache',
    name: 'a cache behind the gate',
    bad: { server: gated('/app/', `proxy_cache pages; ${cached}`, `${closedPass} # here`) },
    good: {
      server: gated(
        '/app/',
        `proxy_cache pages; proxy_cache_bypass $fido2_identity; proxy_no_cache $fido2_identity; ${cached}`,
      ),
    },
    see: sharesPages,
    open: true,
    closed: false,
  },
  {
    code: 'shared_cache',
    name: 'a cache keyed by what all users share',
    bad: {
      server: gated('/app/', `proxy_cache pages; proxy_cache_key keyed$uri; ${cached}`, `${closedPass} # here`),
    },
    good: { server: gated('/app/', `proxy_cache pages; proxy_cache_key good$uri$fido2_identity; ${cached}`) },
    see: sharesPages,
    open: true,
    closed: false,
  },
];
