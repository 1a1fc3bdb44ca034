import { dirname, join } from 'node:path';
import type { Directive } from '../nginx-tree.ts';
import { patternOf } from './location.ts';
import type { Place, Rule, RuleGroup } from './rule.ts';
import { directivesWithin, locationOf, type Scope, titleOf, within } from './scope.ts';
import { internalListens, internalSockets, isForAskers, isOurs, type Site, socketOf } from './site.ts';

const httpDirectives = ({ main }: Site): Directive[] =>
  main.children.flatMap((http) => [...directivesWithin(http.directive.block ?? [])]);

/** A rule about each of our zones; `judge` is given its name and its parameters. */
function zoneRule(rule: Omit<Rule, 'find'>, judge: (zone: string, args: readonly string[]) => string | null): Rule {
  return {
    ...rule,
    *find(site) {
      for (const directive of httpDirectives(site).filter(({ name }) => name === 'js_shared_dict_zone')) {
        const zone = /^zone=(fido2_\w+):/.exec(directive.args.find((arg) => arg.startsWith('zone=')) ?? '')?.[1];
        const reason = zone === undefined ? null : judge(zone, directive.args);
        if (reason !== null) yield { directive, reason: `the zone ${zone} ${reason}` };
      }
    },
  };
}

const lasting = ['fido2_token', 'fido2_claims', 'fido2_state'];

const zones: readonly Rule[] = [
  zoneRule(
    {
      code: 'zone_evicts',
      severity: 'error',
      about: 'A full zone pushes out what ends soonest: used challenges and revocations would be forgotten.',
      fix: 'take evict out, and make the zone larger',
    },
    (zone, args) => (lasting.includes(zone) && args.includes('evict') ? 'evicts' : null),
  ),
  zoneRule(
    {
      code: 'zone_without_timeout',
      severity: 'error',
      about: 'A zone without `timeout` takes no entry that ends: nothing is remembered, and nobody can sign in.',
      fix: 'include fido2/http.conf; as it was written',
    },
    (zone, args) =>
      [...lasting, 'fido2_refused'].includes(zone) && !args.some((arg) => arg.startsWith('timeout='))
        ? 'has no timeout'
        : null,
  ),
  zoneRule(
    {
      code: 'zone_in_file',
      severity: 'error',
      about: '`state=` writes identity tokens to a file that others can read.',
      fix: 'take state= out',
    },
    (_, args) => (args.some((arg) => arg.startsWith('state=')) ? 'is kept in a file' : null),
  ),
  zoneRule(
    {
      code: 'zone_small',
      severity: 'warning',
      about:
        'A full zone remembers nothing more: each request of a new session asks the engine, and without room for claims and revocations people cannot sign in or out.',
      fix: 'include fido2/http.conf; as it was written, or 1.3 KB for each session and policy, 1 MB at least',
    },
    (zone, args) => (lasting.includes(zone) && (sizeOf(args) ?? 1024) < 1024 ? 'is smaller than 1 MB' : null),
  ),
];

const units: Readonly<Record<string, number>> = { k: 1, m: 1024 };

/** Kilobytes of `zone=NAME:SIZE`; null where it is no size. */
function sizeOf(args: readonly string[]): number | null {
  const [, count, unit = ''] = /^zone=\w+:(\d+)([km])$/i.exec(args.find((arg) => arg.startsWith('zone=')) ?? '') ?? [];
  return count === undefined ? null : Number(count) * (units[unit.toLowerCase()] ?? 0);
}

const listener: readonly Rule[] = [
  {
    code: 'internal_on_network',
    severity: 'error',
    about: 'Whoever reaches the internal listener by TCP asks the session engine without the gate’s checks.',
    fix: 'listen unix:/run/ngx-fido2/fido2.sock backlog=4096; only',
    *find(site) {
      for (const directive of internalListens(site)) {
        if (socketOf(directive) === null) yield { directive, reason: 'the internal listener is on the network' };
      }
    },
  },
  {
    code: 'internal_backlog',
    severity: 'error',
    about: 'The default backlog of 511 refuses a burst of new sessions: they get 503.',
    fix: 'listen unix:.. backlog=4096;',
    *find(site) {
      for (const directive of internalListens(site)) {
        const backlog = /^backlog=(\d+)$/.exec(directive.args.find((arg) => arg.startsWith('backlog=')) ?? '')?.[1];
        if (socketOf(directive) === null || Number(backlog ?? 511) >= 1024) continue;
        yield { directive, reason: 'the internal listener has a backlog below 1024' };
      }
    },
  },
  {
    code: 'internal_folder_open',
    severity: 'error',
    about: 'nginx makes sockets that anybody may open: only the folder’s mode keeps other users of the machine out.',
    fix: 'chmod 0700 FOLDER, owned by the workers’ user',
    *find(site) {
      for (const directive of internalListens(site)) {
        const socket = socketOf(directive);
        const mode = socket === null ? null : site.modeOf(dirname(socket));
        if (mode === null || (mode & 0o077) === 0) continue;
        yield { directive, reason: `others may open sockets in ${dirname(socket ?? '')}` };
      }
    },
  },
];

const definitions: Readonly<Record<string, (args: readonly string[]) => string | undefined>> = {
  ...{ js_var: (args) => args[0], js_set: (args) => args[0], perl_set: (args) => args[0] },
  ...{ map: (args) => args[1], split_clients: (args) => args[1], geo: (args) => args.at(-1) },
};

const variableRedefined: Rule = {
  code: 'variable_redefined',
  severity: 'error',
  about:
    '`$fido2_deny`, `$fido2_identity` and their kin are the gate’s alone: who sets them opens it or speaks for others.',
  fix: 'use variables of your own names',
  *find(site) {
    for (const scope of [...site.servers, ...site.scopes]) {
      const inside = scope.kind === 'server' ? scope.children.filter(({ kind }) => kind === 'if') : [];
      for (const each of [scope, ...inside]) {
        for (const directive of [...each.own('set'), ...each.own('auth_request_set')]) {
          const [name = ''] = directive.args;
          if (['$fido2_asker', '$fido2_elsewhere'].includes(name) && isForAskers(each)) continue;
          if (name.startsWith('$fido2_')) yield { directive, reason: `${titleOf(each)} sets ${name}` };
        }
      }
    }
    // server.conf stands in several servers: the same line twice is one meaning
    const meanings = new Map<string, string>();
    for (const directive of httpDirectives(site)) {
      const name = definitions[directive.name]?.(directive.args) ?? '';
      if (!name.startsWith('$fido2_')) continue;
      const place = `${directive.file}:${directive.line}`;
      const first = meanings.get(name) ?? place;
      if (first !== place) yield { directive, reason: `${directive.name} gives ${name} a second meaning` };
      meanings.set(name, first);
    }
  },
};

const dataServed: Rule = {
  code: 'data_served',
  severity: 'error',
  about: 'The folder of keys, sessions and users, or of the internal socket, lies where files are served from.',
  fix: 'serve another folder, or move store.path',
  *find(site) {
    const secret = [site.storeFolder, ...internalSockets(site).map((socket) => dirname(socket))];
    for (const scope of [...site.main.children, ...site.servers, ...site.scopes].filter((each) => !isOurs(each))) {
      for (const directive of [...scope.own('root'), ...scope.own('alias')]) {
        const served = servedBy(scope, directive);
        const found = secret.find((folder) => served !== null && (isBelow(folder, served) || isBelow(served, folder)));
        if (found !== undefined) yield { directive, reason: `${directive.name} ${directive.args[0]} serves ${found}` };
      }
    }
  },
};

/** The folder whose files can be asked for; null where it is not written in full. */
function servedBy(scope: Scope, { name, args }: Directive): string | null {
  const [folder = ''] = args;
  if (!folder.startsWith('/')) return null;
  const fixed = folder.includes('$') ? dirname(`${folder.replace(/\$.*$/, '')}x`) : folder;
  const location = locationOf(scope);
  const pattern = location === null ? null : patternOf(location);
  if (folder.includes('$')) return fixed === '/' ? null : join(fixed);
  const isPath = pattern !== null && ['exact', 'first', 'prefix'].includes(pattern.match);
  return join(name === 'root' && isPath ? join(fixed, pattern.text) : fixed);
}

function isBelow(path: string, folder: string): boolean {
  const base = folder.replace(/\/+$/, '');
  return path.replace(/\/+$/, '') === base || path.startsWith(`${base}/`);
}

const jitOff: Rule = {
  code: 'pcre_jit_off',
  severity: 'warning',
  about: 'The gate’s regular expression costs 3,000 instructions a request more without `pcre_jit on`.',
  fix: 'pcre_jit on; at the top of nginx.conf',
  *find({ main, gated }): Generator<Place> {
    const [directive] = main.own('pcre_jit');
    const [first] = gated;
    if (first === undefined || directive?.args[0] === 'on') return;
    yield { directive: directive ?? main.directive, reason: 'pcre_jit is off' };
  },
};

const tickTooOften: Rule = {
  code: 'tick_too_often',
  severity: 'warning',
  about: 'A periodic job that is not done when its next turn comes is killed, and never ends.',
  fix: 'js_periodic fido2_main.tick interval=1s;',
  *find({ servers }) {
    for (const scope of servers.flatMap((server) => [...within(server)])) {
      for (const directive of scope.own('js_periodic').filter(({ args }) => args[0] === 'fido2_main.tick')) {
        if (directive.args.some((arg) => /^interval=\d+ms$/.test(arg) && Number.parseInt(arg.slice(9), 10) < 1_000)) {
          yield { directive, reason: 'the periodic job comes more often than once a second' };
        }
      }
    }
  },
};

export const serverRules: RuleGroup = {
  title: 'Zones, listener, files',
  rules: [...zones, ...listener, variableRedefined, dataServed, jitOff, tickTooOften],
};
