import { parseDuration } from '../../policy/duration.ts';
import type { Directive } from '../nginx-tree.ts';
import { matches, patternOf } from './location.ts';
import type { Place, Rule, RuleGroup } from './rule.ts';
import { inherited, type Scope, settingOf, titleOf, within } from './scope.ts';
import type { Gate, Site } from './site.ts';

interface GatedServer {
  readonly server: Scope;
  readonly gates: readonly Gate[];
  /** Our own two locations, as far as they are there. */
  readonly locations: readonly Scope[];
}

const bases = ['/fido2/authorize/', '/fido2/optional/'];
const baseOf = ({ kind }: Gate): string => `/fido2/${kind}/`;

function gatedServers({ servers, gated }: Site): GatedServer[] {
  return servers.flatMap((server) => {
    const scopes = [...within(server)];
    const gates = gated.filter(({ scope }) => scopes.includes(scope)).map(({ gate }) => gate);
    if (gates.length === 0) return [];
    const locations = scopes.filter((scope) => scope.kind === 'location' && bases.includes(patternOf(scope).text));
    return [{ server, gates, locations }];
  });
}

/** A rule about each of our own locations in a server with gates. */
function gateLocationRule(
  rule: Omit<Rule, 'find'>,
  judge: (location: Scope) => Iterable<Directive>,
  reason: string,
): Rule {
  return {
    ...rule,
    *find(site) {
      for (const { locations } of gatedServers(site)) {
        for (const location of locations) {
          for (const directive of judge(location)) yield { directive, reason: `${titleOf(location)}: ${reason}` };
        }
      }
    },
  };
}

const update = 'include fido2/server.conf; as it was written (ngx-fido2 init --update writes it again)';

const locationMissing: Rule = {
  code: 'gate_location_missing',
  severity: 'error',
  about:
    'The server has gates, but not the location that answers for them: whatever answers the authorize path instead opens the gate with any 2xx.',
  fix: 'include fido2/server.conf; in this server { }',
  *find(site) {
    for (const { server, gates, locations } of gatedServers(site)) {
      for (const gate of gates) {
        if (locations.some((location) => patternOf(location).text === baseOf(gate))) continue;
        yield { directive: gate.directive, reason: `${titleOf(server)} has no location ^~ ${baseOf(gate)}` };
      }
    }
  },
};

const gateShadowed: Rule = {
  code: 'gate_shadowed',
  severity: 'error',
  about:
    'Another location or a rewrite of the server answers the authorize path. Any 2xx opens the gate without a session.',
  fix: 'keep everything but fido2/server.conf away from /fido2/',
  *find(site) {
    for (const { server, gates } of gatedServers(site)) {
      const uris = [...new Set(gates.map(({ uri }) => uri))];
      for (const scope of within(server)) {
        if (scope.kind === 'location') yield* shadowing(scope);
        if (scope.parent === server && scope.kind === 'if') yield* rewriting(scope, uris);
      }
      yield* rewriting(server, uris);
    }
  },
};

function* shadowing(location: Scope): Generator<Place> {
  const { match, text } = patternOf(location);
  if (match === 'regex' || !bases.some((base) => text.startsWith(base) && text !== base)) return;
  yield { directive: location.directive, reason: `${titleOf(location)} answers in place of the gate` };
}

function* rewriting(scope: Scope, uris: readonly string[]): Generator<Place> {
  for (const directive of scope.own('rewrite')) {
    const [expression = ''] = directive.args;
    const hit = uris.find((uri) => matches(expression, false, uri) !== false);
    if (hit === undefined) continue;
    const does = matches(expression, false, hit) === null ? 'may catch' : 'catches';
    yield { directive, reason: `rewrite ${expression} ${does} ${hit} too` };
  }
}

const milliseconds = (text: string): number | null =>
  /^\d+ms$/.test(text) ? Number.parseInt(text, 10) : parseDuration(/^\d+$/.test(text) ? `${text}s` : text);

/** `1k`, `1m` or bytes. */
function kilobytes(size: string): number {
  const unit = { k: 1, m: 1024 }[size.slice(-1).toLowerCase()] ?? 1 / 1024;
  return Number.parseInt(size, 10) * unit;
}

const scriptAbove: Rule = {
  code: 'script_above',
  severity: 'error',
  about:
    'A script imported for http { } or server { } is started in every gate as well, compiled by its engine: each request pays for it, and modern syntax stops nginx.',
  fix: 'move the js_import into the locations that use it',
  *find(site) {
    for (const { locations } of gatedServers(site)) {
      for (const location of locations) {
        const [, ...more] = location.own('js_import');
        const above: Directive[] = [];
        for (let at = location.parent; at !== null; at = at.parent) above.push(...at.own('js_import'));
        for (const directive of [...more, ...above]) {
          yield { directive, reason: `js_import ${directive.args.join(' ')} is started in every gate` };
        }
      }
    }
  },
};

const rules: readonly Rule[] = [
  locationMissing,
  gateShadowed,
  gateLocationRule(
    {
      code: 'gate_after_regex',
      severity: 'error',
      about: 'Without `^~` a regular expression of the site answers the authorize path first; its 2xx opens the gate.',
      fix: update,
    },
    (location) => (patternOf(location).match === 'first' ? [] : [location.directive]),
    'regular expressions are asked first without ^~',
  ),
  gateLocationRule(
    {
      code: 'gate_not_internal',
      severity: 'error',
      about: 'Clients can ask the gate themselves, and learn which cookies and policies it accepts.',
      fix: update,
    },
    (location) => (location.own('internal').length > 0 ? [] : [location.directive]),
    'it is not internal',
  ),
  gateLocationRule(
    {
      code: 'gate_cookie_unchecked',
      severity: 'error',
      about:
        'The `if` on the cookie refuses doubled and malformed ones and gives the gate its key. Without it, with a looser expression, or with `rewrite` or `set` beside it, the gate sees something else.',
      fix: update,
    },
    (location) => {
      const isCookieCheck = ({ directive: { args } }: Scope): boolean =>
        args[0] === '($http_cookie' && args.some((arg) => arg.includes('(?!__Host-fido2=)[^;]*+'));
      const checked = location.children.some((child) => child.kind === 'if' && isCookieCheck(child));
      return checked ? [...location.own('rewrite'), ...location.own('set')] : [location.directive];
    },
    'the check of the cookie is missing or comes too late',
  ),
  gateLocationRule(
    {
      code: 'gate_timeout',
      severity: 'error',
      about:
        'Without a short js_fetch_timeout a slow store holds every request; a late answer may be about an ended session.',
      fix: 'js_fetch_timeout 2s; (5s at most)',
    },
    (location) => {
      const [directive] = inherited(location, 'js_fetch_timeout');
      const limit = milliseconds(directive?.args[0] ?? '');
      return limit !== null && limit <= 5_000 ? [] : [directive ?? location.directive];
    },
    'js_fetch_timeout is missing or longer than 5s',
  ),
  gateLocationRule(
    {
      code: 'gate_keepalive',
      severity: 'error',
      about: 'With js_fetch_keepalive the gate meets connections that a reload has closed: requests fail with 503.',
      fix: 'take js_fetch_keepalive out',
    },
    (location) => inherited(location, 'js_fetch_keepalive').filter(({ args }) => args[0] !== '0'),
    'js_fetch_keepalive is set',
  ),
  gateLocationRule(
    {
      code: 'gate_fetch_small',
      severity: 'error',
      about: 'A token that does not fit into the buffer of ngx.fetch is no answer: every new session gets 503.',
      fix: 'leave js_fetch_max_response_buffer_size and js_fetch_buffer_size as they are, or 8k at least',
    },
    (location) =>
      ['js_fetch_max_response_buffer_size', 'js_fetch_buffer_size']
        .flatMap((name) => inherited(location, name))
        .filter(({ args }) => kilobytes(args[0] ?? '') < 8),
    'a token may not fit',
  ),
  gateLocationRule(
    {
      code: 'gate_engine',
      severity: 'error',
      about: 'The gate on QuickJS holds eight times the memory for each request in flight.',
      fix: 'js_engine njs; in the gate’s location',
    },
    (location) => (settingOf(location, 'js_engine') === 'njs' ? [] : [location.directive]),
    'js_engine is not njs',
  ),
  scriptAbove,
];

export const gateRules: RuleGroup = { title: 'The gate itself', rules };
