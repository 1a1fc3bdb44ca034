import type { Directive } from '../nginx-tree.ts';
import type { Place, Rule, RuleGroup } from './rule.ts';
import { directivesWithin, inherited, type Scope, titleOf, within } from './scope.ts';
import { isOurs, type Site } from './site.ts';

const everyDirective = ({ main }: Site): Generator<Directive> => directivesWithin(main.directive.block ?? []);

const credential = /\$\{?(?:http_cookie|sent_http_set_cookie|request_body|fido2_identity|fido2_bearer)\b/;
const token = /\$\{?fido2_(?:identity|bearer)\b/;

const sessionLogged: Rule = {
  code: 'session_logged',
  severity: 'error',
  about:
    'A log with `$http_cookie`, `$sent_http_set_cookie`, `$request_body` or the token holds what signs people in: whoever reads it is them.',
  fix: 'log $fido2_user (include fido2/user.conf;) and leave those out',
  *find(site) {
    const used = new Set(
      [...everyDirective(site)].filter(({ name }) => name === 'access_log').map(({ args }) => args[1]),
    );
    for (const directive of everyDirective(site)) {
      if (directive.name !== 'log_format' || !used.has(directive.args[0])) continue;
      const found = credential.exec(directive.args.slice(1).join(''))?.[0];
      if (found !== undefined) yield { directive, reason: `log_format ${directive.args[0]} writes ${found}` };
    }
  },
};

const debugLog: Rule = {
  code: 'debug_log',
  severity: 'error',
  about: 'At the level debug nginx writes every header, session cookies and tokens among them.',
  fix: 'error_log FILE notice;',
  *find(site) {
    for (const directive of everyDirective(site)) {
      if (directive.name !== 'error_log' || directive.args[1] !== 'debug') continue;
      yield { directive, reason: `${directive.args[0]} receives cookies and tokens` };
    }
  },
};

const answering = ['add_header', 'add_trailer', 'return', 'rewrite', 'sub_filter'];

const identityToClient: Rule = {
  code: 'identity_to_client',
  severity: 'error',
  about: 'The token is for upstreams: in an answer it reaches scripts of the page, other sites’ logs and caches.',
  fix: 'name $fido2_user instead, or send nothing',
  *find({ main }) {
    for (const scope of within(main)) {
      for (const directive of isOurs(scope) ? [] : answering.flatMap((name) => scope.own(name))) {
        if (!directive.args.some((arg) => token.test(arg))) continue;
        yield { directive, reason: `${directive.name} shows the identity token to clients` };
      }
    }
  },
};

/** Whether a cache that many people share may keep the answer. */
function isForAll({ name, args }: Directive): boolean {
  if (name === 'expires') return !['off', 'epoch'].includes(args.at(-1) ?? '') && !/^@?-/.test(args.at(-1) ?? '');
  const [header = '', value = ''] = args;
  if (header.toLowerCase() !== 'cache-control' || /private|no-store|no-cache/i.test(value)) return false;
  return /public|(?:s-maxage|max-age)=[1-9]/i.test(value);
}

const cacheableAnswer: Rule = {
  code: 'cacheable_answer',
  severity: 'warning',
  about:
    'A cache between nginx and people, which knows no gate, keeps the answer to one user and gives it to everybody.',
  fix: 'add_header Cache-Control "private, max-age=60"; in gated locations',
  *find({ gated }): Generator<Place> {
    for (const { scope } of gated) {
      for (const directive of [...inherited(scope, 'expires'), ...inherited(scope, 'add_header')].filter(isForAll)) {
        yield { directive, reason: `${titleOf(scope)}: ${directive.name} lets shared caches keep the answers` };
      }
    }
  },
};

/** Zero round trips: what was sent in the first flight can be sent again by anybody who recorded it. */
const earlyData: Rule = {
  code: 'early_data',
  severity: 'error',
  about:
    'A request in TLS early data can be recorded and sent again, session cookie and all: nginx and the gate take it anew.',
  fix: 'ssl_early_data off; in servers with gates',
  *find({ servers, gated }) {
    for (const server of servers) {
      const [directive] = inherited(server, 'ssl_early_data');
      const scopes: readonly Scope[] = [...within(server)];
      if (directive?.args[0] !== 'on' || !gated.some(({ scope }) => scopes.includes(scope))) continue;
      yield { directive, reason: `${titleOf(server)} takes requests that anybody may repeat` };
    }
  },
};

export const leakRules: RuleGroup = {
  title: 'Logs, caches, answers',
  rules: [sessionLogged, debugLog, identityToClient, cacheableAnswer, earlyData],
};
