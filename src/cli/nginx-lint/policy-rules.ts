import type { Directive } from '../nginx-tree.ts';
import type { Place, Rule, RuleGroup } from './rule.ts';
import { inherited, type Scope, serverOf, settingOf, titleOf } from './scope.ts';
import { type Gated, isForAskers, type Site } from './site.ts';

const form = /^\/fido2\/(?:authorize|optional)\/([a-z][a-z0-9_-]{0,63})(?:\/([a-z][a-z0-9_-]{0,63}))?(?:!upgrade)?$/;

interface Named {
  readonly directive: Directive;
  readonly policy: string;
  readonly workload: string | null;
}

/** The well-formed auth_request of every gated scope. */
function namedIn({ gated }: Site): Named[] {
  return gated.flatMap(({ gate: { uri, directive } }) => {
    const found = form.exec(uri);
    return found === null ? [] : [{ directive, policy: found[1] ?? '', workload: found[2] ?? null }];
  });
}

const policyVariable: Rule = {
  code: 'policy_variable',
  severity: 'error',
  about:
    'auth_request takes no variables: the text is asked for as it stands. The gate refuses it, and any other location that answers it with a 2xx opens.',
  fix: 'write the policy’s name itself: auth_request /fido2/authorize/admin;',
  *find({ scopes }) {
    for (const scope of scopes) {
      for (const directive of inherited(scope, 'auth_request').filter(({ args }) => args[0]?.includes('$') === true)) {
        yield { directive, reason: `${directive.args[0]} holds a variable, which auth_request does not read` };
      }
    }
  },
};

const gateMalformed: Rule = {
  code: 'gate_uri_invalid',
  severity: 'error',
  about: 'auth_request does not name one policy, or a policy and a workload: the gate refuses every request.',
  fix: 'auth_request /fido2/authorize/POLICY; or /fido2/authorize/POLICY/WORKLOAD;',
  *find({ gated }) {
    for (const { gate } of gated) {
      if (form.test(gate.uri) || gate.uri.includes('$')) continue;
      yield { directive: gate.directive, reason: `${gate.uri} is neither /POLICY nor /POLICY/WORKLOAD` };
    }
  },
};

const unknown: readonly Rule[] = [
  {
    code: 'policy_unknown',
    severity: 'error',
    about: 'The policy is not in fido2.json: the gate refuses every request.',
    fix: 'add it to policies of fido2.json, or name one that is there',
    *find(site) {
      for (const { directive, policy } of namedIn(site)) {
        if (!site.settings.policies.has(policy)) yield { directive, reason: `there is no policy "${policy}"` };
      }
    },
  },
  {
    code: 'workload_unknown',
    severity: 'error',
    about: 'The workload is not in fido2.json: the gate refuses every request.',
    fix: 'add it to workloads of fido2.json, or name one that is there',
    *find(site) {
      for (const { directive, workload } of namedIn(site)) {
        if (workload === null || site.settings.workloads.has(workload)) continue;
        yield { directive, reason: `there is no workload "${workload}"` };
      }
    },
  },
  {
    code: 'workload_policy',
    severity: 'error',
    about: 'fido2.json ties the workload to another policy: the gate refuses every request.',
    fix: 'name the policy of the workload, or change workloads of fido2.json',
    *find(site) {
      for (const { directive, policy, workload } of namedIn(site)) {
        const only = workload === null ? undefined : site.settings.workloads.get(workload)?.policy;
        if (only === undefined || only === policy) continue;
        yield { directive, reason: `the workload "${workload}" is for the policy "${only}"` };
      }
    },
  },
];

function* networkGates({ gated, settings }: Site): Generator<Gated> {
  for (const each of gated) {
    const policy = form.exec(each.gate.uri)?.[1] ?? '';
    const server = serverOf(each.scope);
    // a listener for other proxies is told the client's address by them
    if (server !== null && isForAskers(server)) continue;
    if ((settings.policies.get(policy)?.networks ?? null) !== null) yield each;
  }
}

const trusted = (scope: Scope): readonly Directive[] => inherited(scope, 'set_real_ip_from');

/** What only a server behind something else says. */
function isBehindBalancer(scope: Scope): boolean {
  const listens = serverOf(scope)?.own('listen') ?? [];
  const isTold = listens.some(({ args }) => args.includes('proxy_protocol') || args[0]?.startsWith('unix:') === true);
  return isTold || settingOf(scope, 'real_ip_header') !== null || trusted(scope).length > 0;
}

function* networkPlaces(site: Site, test: (scope: Scope) => boolean, reason: string): Generator<Place> {
  for (const { scope, gate } of networkGates(site)) {
    if (test(scope)) yield { directive: gate.directive, reason: `${titleOf(scope)}: ${reason}` };
  }
}

const hasRealIp = (scope: Scope): boolean => settingOf(scope, 'real_ip_header') !== null && trusted(scope).length > 0;

const networks: readonly Rule[] = [
  {
    code: 'networks_of_balancer',
    severity: 'warning',
    about: 'The policy asks for client networks, but `$remote_addr` is the balancer’s own here.',
    fix: 'real_ip_header proxy_protocol; (or X-Forwarded-For) and set_real_ip_from BALANCER;',
    find: (site) =>
      networkPlaces(
        site,
        (scope) => isBehindBalancer(scope) && !hasRealIp(scope),
        'its networks would be compared with the balancer’s address',
      ),
  },
  {
    code: 'networks_of_peer',
    severity: 'note',
    about: 'The policy asks for client networks: right as long as no balancer stands before this nginx.',
    fix: 'behind a balancer: real_ip_header and set_real_ip_from',
    find: (site) =>
      networkPlaces(site, (scope) => !isBehindBalancer(scope), 'its networks are compared with the peer’s address'),
  },
  {
    code: 'real_ip_from_anybody',
    severity: 'error',
    about: 'The policy asks for client networks, and every client may say which address it has.',
    fix: 'set_real_ip_from the balancer’s own address only',
    *find(site) {
      for (const { scope } of networkGates(site)) {
        for (const directive of trusted(scope).filter(({ args }) => /\/0$/.test(args[0] ?? ''))) {
          yield { directive, reason: `${titleOf(scope)}: every client may claim an address` };
        }
      }
    },
  },
];

export const policyRules: RuleGroup = {
  title: 'Policies',
  rules: [policyVariable, gateMalformed, ...unknown, ...networks],
};
