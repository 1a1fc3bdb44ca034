import { passRule } from './pass-rule.ts';
import type { Rule, RuleGroup } from './rule.ts';
import { inherited, type Scope, serverOf, titleOf } from './scope.ts';
import { isClosed, isInternalServer, type Pass, passesOf, type Site, sentHeader, suffixOf } from './site.ts';

function ungatedPasses({ scopes, admitted }: Site): { scope: Scope; pass: Pass }[] {
  const known = new Set(admitted.map(({ scope }) => scope));
  return scopes
    .filter((scope) => !known.has(scope))
    .flatMap((scope) => passesOf(scope).map((pass) => ({ scope, pass })));
}

const ungatedProxy: Rule = {
  code: 'ungated_proxy',
  severity: 'note',
  about: 'The location passes requests on without a gate: it is open to everybody, which may be what is meant.',
  fix: 'auth_request /fido2/authorize/POLICY; include fido2/upstream.conf; and $fido2_deny at the end of the pass',
  *find(site) {
    for (const { scope, pass } of ungatedPasses(site)) {
      yield { directive: pass.directive, reason: `${titleOf(scope)} passes requests on without a gate` };
    }
  },
};

const publicMissing: Rule = {
  code: 'public_missing',
  severity: 'warning',
  about:
    'An open location beside gated ones sends the session cookie to its upstream, or lets through what a client sends as `Fido2-Identity`.',
  fix: 'include fido2/public.conf; after the location’s own proxy_set_header lines',
  *find(site) {
    const servers = new Set(site.gated.map((each) => serverOf(each.scope)));
    for (const { scope, pass } of ungatedPasses(site)) {
      const { protocol, directive } = pass;
      if (!servers.has(serverOf(scope))) continue;
      const identity = sentHeader(scope, protocol, 'Fido2-Identity');
      const isClean = ['', '$fido2_cookies'].includes(sentHeader(scope, protocol, 'Cookie') ?? '-');
      if (identity === '' && isClean) continue;
      const what = isClean ? 'what a client sends as Fido2-Identity' : 'the session cookie';
      yield { directive, reason: `${titleOf(scope)} lets ${what} through to its upstream` };
    }
  },
};

const suffixWithoutGate: Rule = {
  code: 'deny_suffix_without_gate',
  severity: 'warning',
  about: 'The suffix stays closed where no gate opens it: the location answers 502 to everybody.',
  fix: 'add auth_request /fido2/authorize/POLICY;, or take $fido2_deny out',
  *find(site) {
    for (const { scope, pass } of ungatedPasses(site)) {
      if (suffixOf(pass.target) === null) continue;
      yield { directive: pass.directive, reason: `${titleOf(scope)} has $fido2_deny and no gate that opens it` };
    }
  },
};

const rules: readonly Rule[] = [
  ungatedProxy,
  publicMissing,
  suffixWithoutGate,
  passRule(
    {
      code: 'deny_suffix_missing',
      severity: 'error',
      about:
        'Without `$fido2_deny` the upstream is reached whenever nginx skips the gate: in subrequests (SSI, mirror), or when something else answers the authorize path.',
      fix: 'end the pass in $fido2_deny: proxy_pass http://app$fido2_deny;',
    },
    ({ pass }) => (suffixOf(pass.target) === null ? `${pass.target} does not end in $fido2_deny` : null),
  ),
  passRule(
    {
      code: 'deny_suffix_in_path',
      severity: 'error',
      about: '`$fido2_deny` in the path closes nothing: the upstream gets the request under another path.',
      fix: 'put $fido2_deny directly behind the host and its port',
    },
    ({ pass }) =>
      suffixOf(pass.target) !== null && !isClosed(pass) ? `${pass.target} has the suffix in the path` : null,
  ),
  passRule(
    {
      code: 'pass_path_replaced',
      severity: 'warning',
      about: 'A pass with a variable sends exactly the path it names: every request of the location asks for the same.',
      fix: 'leave the path out of the pass; rewrite ^/app/(.*)$ /$1 break; cuts a prefix off',
    },
    ({ pass }) => {
      const after = suffixOf(pass.target)?.after ?? '';
      const isFixed = isClosed(pass) && /^:?\/[^$]*$/.test(after);
      return isFixed ? `every request becomes ${after.replace(/^:/, '')}` : null;
    },
  ),
  passRule(
    {
      code: 'pass_unresolvable',
      severity: 'error',
      about: 'A pass with a variable looks host names up at run time; without a `resolver` every request is a 502.',
      fix: 'name the host in an upstream { } and pass to that',
    },
    ({ scope, pass }, { main }) => {
      const before = isClosed(pass) ? (suffixOf(pass.target)?.before ?? '') : '';
      if (before === '' || /^(unix:|\[|(\d+\.){3}\d+(:\d+)?$)|\$/.test(before)) return null;
      if (inherited(scope, 'resolver').length > 0) return null;
      const http = main.children[0];
      const isKnown = http?.own('upstream').some(({ args }) => args[0] === before.replace(/:\d+$/, '')) === true;
      return isKnown ? null : `there is no upstream "${before}" and no resolver to look it up`;
    },
  ),
  {
    code: 'denied_name_taken',
    severity: 'error',
    about: 'A denied request goes to the name with `.denied` behind it: an upstream of that name would get it.',
    fix: 'rename the upstream',
    *find({ main, servers }) {
      for (const directive of main.children.flatMap((http) => http.own('upstream'))) {
        if (!(directive.args[0] ?? '').endsWith('.denied') || servers.every(isInternalServer)) continue;
        yield { directive, reason: `the upstream ${directive.args[0]} receives what the gate denied` };
      }
    },
  },
];

export const coverageRules: RuleGroup = { title: 'Who passes a gate, and where none is', rules };
