import { passRule } from './pass-rule.ts';
import type { Rule, RuleGroup } from './rule.ts';
import { inherited, isOn, titleOf } from './scope.ts';
import { type Pass, passesOf, type Site, sentHeader, suffixOf } from './site.ts';

const snippets = { proxy: 'upstream', grpc: 'grpc', fastcgi: 'fastcgi', uwsgi: 'uwsgi', scgi: 'fastcgi' } as const;

const tells = /\$\{?fido2_(?:user|groups|name|identity|bearer)\b/;

/** The application that a pass leads to, however the path goes on. */
const applicationOf = ({ target }: Pass): string =>
  suffixOf(target)?.before ?? target.replace(/^[a-z]+:\/\//i, '').replace(/(?<!^unix:.*)\/.*$/, '');

/** By application: the headers that some location tells it who is there by. */
function believedHeaders({ scopes }: Site): ReadonlyMap<string, ReadonlySet<string>> {
  const believed = new Map<string, Set<string>>();
  for (const scope of scopes) {
    for (const pass of passesOf(scope)) {
      const told = inherited(scope, `${pass.protocol}_set_header`).filter(({ args }) => tells.test(args[1] ?? ''));
      const names = told.map(({ args }) => args[0] ?? '').filter((name) => !/^fido2[-_]identity$/i.test(name));
      const application = applicationOf(pass);
      believed.set(application, new Set([...(believed.get(application) ?? []), ...names]));
    }
  }
  return believed;
}

const believedHeader: Rule = {
  code: 'believed_header',
  severity: 'error',
  about:
    'The application is told by this header who is there, in another location; here it gets what a client writes into it.',
  fix: 'proxy_set_header NAME ""; in this location too (public.conf and upstream.conf do it for Remote-User and its kin)',
  *find(site) {
    const believed = believedHeaders(site);
    for (const scope of site.scopes) {
      for (const pass of passesOf(scope)) {
        const { protocol, directive } = pass;
        const names = protocol === 'proxy' || protocol === 'grpc' ? (believed.get(applicationOf(pass)) ?? []) : [];
        const open = [...names].find((name) => sentHeader(scope, protocol, name) === null);
        if (open === undefined) continue;
        yield { directive, reason: `${titleOf(scope)}: a client’s own ${open} reaches ${applicationOf(pass)}` };
      }
    }
  },
};

/** Variables whose text a client writes. */
const fromClient = /\$\{?(?:\d|arg_|args\b|cookie_|http_|host\b|query_string\b|request_uri\b|(?:document_)?uri\b)\w*/;

const rules: readonly Rule[] = [
  passRule(
    {
      code: 'identity_missing',
      severity: 'error',
      about:
        'The upstream does not get our `Fido2-Identity`, and gets a client’s forged one instead. A location that sets one header of its own inherits none.',
      fix: 'include fido2/upstream.conf (grpc.conf, fastcgi.conf, uwsgi.conf) in this very location',
    },
    ({ scope, pass: { protocol } }) => {
      if (sentHeader(scope, protocol, 'Fido2-Identity') === '$fido2_identity') return null;
      return `it does not send $fido2_identity; fido2/${snippets[protocol]}.conf is missing or its lines are not inherited`;
    },
  ),
  passRule(
    {
      code: 'session_cookie_forwarded',
      severity: 'error',
      about: 'The upstream receives the session cookie, with which it could act as the user everywhere.',
      fix: 'include fido2/upstream.conf (or its kin) last, and set no Cookie header of your own',
    },
    ({ scope, pass: { protocol } }) => {
      const cookie = sentHeader(scope, protocol, 'Cookie');
      const isClean = cookie !== null && ['', '$fido2_before$fido2_after', '$fido2_cookies'].includes(cookie);
      if (!isClean) return 'it sends the session cookie to the upstream';
      const other = ['set_header', 'param']
        .flatMap((name) => inherited(scope, `${protocol}_${name}`))
        .find(({ args }) => /\$\{?http_cookie\b/.test(args[1] ?? ''));
      return other === undefined ? null : `it sends the session cookie as ${other.args[0]}`;
    },
  ),
  {
    code: 'underscored_identity',
    severity: 'error',
    about:
      '`underscores_in_headers on` or `ignore_invalid_headers off` lets a forged `Fido2_Identity` through, which many servers read as `Fido2-Identity`.',
    fix: 'take the directive out, or send an empty Fido2_Identity (upstream.conf and public.conf do)',
    *find(site) {
      for (const scope of site.scopes) {
        const [underscores] = isOn(scope, 'underscores_in_headers') ? inherited(scope, 'underscores_in_headers') : [];
        const invalid = inherited(scope, 'ignore_invalid_headers')[0];
        const directive = underscores ?? (invalid?.args[0] === 'off' ? invalid : undefined);
        if (directive === undefined) continue;
        const isOpen = passesOf(scope).some(
          ({ protocol }) =>
            (protocol === 'proxy' || protocol === 'grpc') && sentHeader(scope, protocol, 'Fido2_Identity') !== '',
        );
        if (isOpen) yield { directive, reason: `${titleOf(scope)} lets a forged Fido2_Identity through` };
      }
    },
  },
  believedHeader,
  passRule(
    {
      code: 'errors_intercepted',
      severity: 'error',
      about: 'The application’s own 401 and 403 become our sign-in page: people are sent in a circle.',
      fix: 'proxy_intercept_errors off; (grpc_, fastcgi_, uwsgi_)',
    },
    ({ scope, pass: { protocol } }) =>
      isOn(scope, `${protocol}_intercept_errors`) ? `${protocol}_intercept_errors is on` : null,
  ),
  passRule(
    {
      code: 'refusal_pages_lost',
      severity: 'warning',
      about:
        'An `error_page` of the location’s own replaces all that it would inherit: refusals are bare, and a failed gate is a 500.',
      fix: 'include fido2/errors.conf; beside the location’s own error_page',
    },
    ({ scope }) => {
      const pages = inherited(scope, 'error_page').flatMap(({ args }) =>
        args.slice(0, -1).map((status) => `${status} ${args.at(-1)}`),
      );
      const lost = ['401', '403', '500'].filter((status) => !pages.includes(`${status} @fido2_${status}`));
      return lost.length === 0 ? null : `error_page ${lost.join(' ')} does not lead to our pages`;
    },
  ),
  passRule(
    {
      code: 'shared_cache',
      severity: 'error',
      about:
        'The cache gives one user’s answers to another: the gate runs before it, but its key does not know the user.',
      fix: 'proxy_cache_bypass $fido2_identity; and proxy_no_cache $fido2_identity;, or the cache off',
    },
    ({ scope, pass: { protocol } }) => {
      const zone = inherited(scope, `${protocol}_cache`)[0]?.args[0] ?? 'off';
      const names = (what: string) =>
        inherited(scope, `${protocol}_${what}`).some(({ args }) => /\$\{?fido2_(identity|user)\b/.test(args.join(' ')));
      if (zone === 'off' || names('cache_key') || (names('cache_bypass') && names('no_cache'))) return null;
      return `${protocol}_cache ${zone} does not tell users apart`;
    },
  ),
  passRule(
    {
      code: 'pass_chosen_by_client',
      severity: 'error',
      about:
        'The client names the upstream, or its port: it sends itself the identity token of whoever follows its link.',
      fix: 'map the known values to upstreams of your own: map $1 $backend { default none; a app-a; }',
    },
    ({ pass: { target } }) => {
      const found = fromClient.exec(
        suffixOf(target)?.before ?? target.replace(/^[a-z]+:\/\//i, '').replace(/\/.*/, ''),
      );
      return found === null ? null : `${target}: the client chooses ${found[0]}`;
    },
  ),
  passRule(
    {
      code: 'upstream_unverified',
      severity: 'warning',
      about: 'Identity tokens go to whoever answers: nginx does not check an upstream’s certificate unless told to.',
      fix: 'proxy_ssl_verify on; proxy_ssl_trusted_certificate FILE; proxy_ssl_name NAME;',
    },
    ({ scope, pass: { protocol, target } }) =>
      /^(https|grpcs|suwsgi):/i.test(target) && !isOn(scope, `${protocol}_ssl_verify`)
        ? `${target}: the certificate is not verified`
        : null,
  ),
];

export const upstreamRules: RuleGroup = { title: 'What reaches the upstream', rules };
