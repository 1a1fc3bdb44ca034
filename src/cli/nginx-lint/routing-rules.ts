import type { Directive } from '../nginx-tree.ts';
import { locationsFor, patternOf } from './location.ts';
import type { Rule, RuleGroup } from './rule.ts';
import { inherited, locationOf, type Scope, serverOf, settingOf, titleOf, within } from './scope.ts';
import {
  admissionOf,
  gateOf,
  internalSockets,
  isInternalServer,
  isOurs,
  passesOf,
  type Site,
  suffixOf,
} from './site.ts';

const isRefusal = ({ args }: Directive): boolean => Number(args[0]) >= 400;

/** Whether the location gives what it has to everybody: no gate, and nothing else of nginx's that refuses. */
function isOpen(scope: Scope): boolean {
  if (gateOf(scope) !== null || isOurs(scope) || scope.own('internal').length > 0) return false;
  if (inherited(scope, 'deny').some(({ args }) => args[0] === 'all')) return false;
  if (settingOf(scope, 'ssl_verify_client') === 'on' || (settingOf(scope, 'auth_basic') ?? 'off') !== 'off')
    return false;
  return !scope.own('return').some(isRefusal);
}

/** The path that everything the expression matches begins with. */
const fixedStart = (expression: string): string => /^\^((?:[\w/-]|\\[.-])*)(?![*?{])/.exec(expression)?.[1] ?? '';

const regexBeforeGate: Rule = {
  code: 'regex_before_gate',
  severity: 'warning',
  about:
    'nginx asks regular expressions before a plain prefix: paths below the gated location that one matches never see its gate.',
  fix: 'write location ^~ for the gated prefix, or gate the regular expression with the same policy',
  *find({ servers, gated }) {
    for (const server of servers) {
      const regexes = server.children.filter(
        (scope) => scope.kind === 'location' && patternOf(scope).match === 'regex' && (isOpen(scope) || gateOf(scope)),
      );
      for (const { scope } of gated.filter((each) => serverOf(each.scope) === server)) {
        if (scope.kind !== 'location' || scope.parent !== server || patternOf(scope).match !== 'prefix') continue;
        const { text } = patternOf(scope);
        for (const regex of regexes.filter((each) => admissionOf(each) !== admissionOf(scope))) {
          const start = fixedStart(patternOf(regex).text);
          if (!start.startsWith(text) && !text.startsWith(start)) continue;
          yield {
            directive: regex.directive,
            reason: `${titleOf(regex)} answers paths of the gated ${titleOf(scope)}`,
          };
        }
      }
    }
  },
};

const hostOf = (target: string): string =>
  (suffixOf(target)?.before ?? target.replace(/^[a-z]+:\/\//i, '').replace(/\/.*$/, '')).toLowerCase();

const gatedElsewhere: Rule = {
  code: 'gated_elsewhere',
  severity: 'warning',
  about: 'Another server passes the very path that is gated here to the same upstream, without a gate.',
  fix: 'redirect that server to the gated one, or gate it as well',
  *find({ gated, scopes }) {
    const paths = gatedPaths(gated);
    for (const open of scopes) {
      const server = serverOf(open);
      if (server === null || isInternalServer(server)) continue;
      for (const { directive, target } of passesOf(open)) {
        const others = paths.get(hostOf(target));
        if (others === undefined || !isOpen(open)) continue;
        for (const [path, gatedBy] of others) {
          if (gatedBy.has(server) || !locationsFor(server, path, false).includes(open)) continue;
          const [first = server] = gatedBy;
          yield { directive, reason: `${titleOf(server)} passes ${path} on, which ${titleOf(first)} gates` };
          break;
        }
      }
    }
  },
};

/** The gated paths by the host that they are passed to, each with its servers. */
function gatedPaths(gated: Site['gated']): ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<Scope>>> {
  const hosts = new Map<string, Map<string, Set<Scope>>>();
  for (const { scope } of gated) {
    const [location, server] = [locationOf(scope), serverOf(scope)];
    if (location === null || server === null || ['regex', 'named'].includes(patternOf(location).match)) continue;
    for (const { target } of passesOf(scope)) {
      const paths = hosts.get(hostOf(target)) ?? new Map<string, Set<Scope>>();
      hosts.set(hostOf(target), paths);
      const { text } = patternOf(location);
      paths.set(text, (paths.get(text) ?? new Set()).add(server));
    }
  }
  return hosts;
}

const mergeSlashes: Rule = {
  code: 'merge_slashes_off',
  severity: 'error',
  about:
    'With `merge_slashes off` //admin/ is not below location /admin/: an open location passes it on, and most upstreams serve /admin/.',
  fix: 'take merge_slashes off; out, or gate location / too',
  *find({ gated }) {
    for (const { scope } of gated) {
      const server = serverOf(scope);
      const [directive] = inherited(scope, 'merge_slashes');
      if (server === null || directive?.args[0] !== 'off' || scope.kind !== 'location') continue;
      const { match, text } = patternOf(scope);
      if (match === 'regex' || match === 'named') continue;
      const open = locationsFor(server, `/${text}`, false).find((each) => isOpen(each) && passesOf(each).length > 0);
      if (open !== undefined) yield { directive, reason: `${titleOf(open)} answers /${text}, past ${titleOf(scope)}` };
    }
  },
};

const aliasTraversal: Rule = {
  code: 'alias_traversal',
  severity: 'error',
  about:
    'Where the location does not end in a slash and its alias does, /files../x leads to the folder above: everything beside it is served.',
  fix: 'end the location in a slash as well: location /files/ { alias FOLDER/; }',
  *find({ scopes }) {
    for (const scope of scopes) {
      const { match, text } = patternOf(scope);
      if (scope.kind !== 'location' || (match !== 'prefix' && match !== 'first') || text.endsWith('/')) continue;
      for (const directive of scope.own('alias').filter(({ args }) => args[0]?.endsWith('/') === true)) {
        yield { directive, reason: `${text}../ leads out of ${directive.args[0]}` };
      }
    }
  },
};

/** The variables that scripts compute. */
const scripted = ({ main }: Site): Set<string> =>
  new Set([...within(main)].flatMap((scope) => scope.own('js_set')).map(({ args }) => args[0] ?? ''));

const scriptDecides: Rule = {
  code: 'script_decides',
  severity: 'warning',
  about:
    'A script in place of the gate opens when it fails: js_access lets through whatever decides nothing, and a js_set that throws is the text [exception].',
  fix: 'auth_request /fido2/authorize/POLICY; beside it',
  *find(site) {
    const names = scripted(site);
    for (const scope of site.scopes.filter((each) => gateOf(each) === null)) {
      for (const directive of scope.own('js_access')) yield { directive, reason: `${titleOf(scope)}: js_access alone` };
      const isAsked = [...names].some((name) => scope.directive.args[0]?.replace(/^\(|\)$/g, '') === name);
      if (scope.kind !== 'if' || !isAsked || !scope.own('return').some(isRefusal)) continue;
      yield { directive: scope.directive, reason: `${titleOf(scope)}: a js_set variable alone` };
    }
  },
};

const ourPathTaken: Rule = {
  code: 'our_path_taken',
  severity: 'error',
  about: 'The upstream of a location below /fido2/ receives what people sign in with, in our place.',
  fix: 'keep everything but fido2/server.conf away from /fido2/',
  *find({ scopes }) {
    for (const scope of scopes) {
      if (scope.kind !== 'location' || !patternOf(scope).text.startsWith('/fido2/')) continue;
      if (passesOf(scope).length > 0) yield { directive: scope.directive, reason: `${titleOf(scope)} is ours` };
    }
  },
};

const internalExposed: Rule = {
  code: 'internal_exposed',
  severity: 'error',
  about:
    'Through an open location everybody reads the counters, and asks the session engine without the gate’s checks.',
  fix: 'allow the scraper’s address and deny all;, or scrape the socket itself',
  *find(site) {
    const upstreams = site.main.children.flatMap((http) => http.own('upstream'));
    const sockets = internalSockets(site);
    for (const scope of site.scopes.filter(isOpen)) {
      for (const { directive, target } of passesOf(scope)) {
        const named = upstreams.find(({ args }) => args[0] === hostOf(target))?.block ?? [];
        const addresses = [target, ...named.map(({ args }) => args[0] ?? '')];
        const isInternal = sockets.some((socket) => addresses.some((each) => each.includes(`unix:${socket}`)));
        if (isInternal) yield { directive, reason: `${titleOf(scope)} leads to the internal listener` };
      }
    }
  },
};

export const routingRules: RuleGroup = {
  title: 'Which location answers',
  rules: [
    ...[regexBeforeGate, gatedElsewhere, mergeSlashes, aliasTraversal, scriptDecides, ourPathTaken, internalExposed],
  ],
};
