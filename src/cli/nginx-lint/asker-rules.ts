import type { Rule, RuleGroup } from './rule.ts';
import { inherited, titleOf, within } from './scope.ts';
import { gateOf, isForAskers, isOurs } from './site.ts';

const answers = ['@fido2_admit', '@fido2_admit_user'];

const answerWithoutGate: Rule = {
  code: 'answer_without_gate',
  severity: 'error',
  about:
    'On a listener that other proxies ask, any 2xx admits. A location that answers by itself, or without a gate, admits whomever its asker asks about.',
  fix: 'auth_request /fido2/authorize/POLICY; include fido2/admit.conf; and nothing else in the location',
  *find({ servers }) {
    for (const server of servers.filter(isForAskers)) {
      for (const scope of within(server)) {
        if (scope.kind !== 'location' || isOurs(scope)) continue;
        const last = inherited(scope, 'try_files')[0]?.args.at(-1) ?? '';
        const isPreflight = inherited(scope, 'auth_request')[0]?.args[0]?.startsWith('/fido2/preflight/') === true;
        const isGated = isPreflight || gateOf(scope) !== null;
        if (isGated && answers.includes(last)) continue;
        const what = !isGated ? 'has no gate' : 'does not lead to the answer of fido2/admit.conf';
        yield { directive: scope.directive, reason: `${titleOf(scope)} ${what}` };
      }
    }
  },
};

const everybody = ['default', '0.0.0.0/0', '::/0'];

const anybodyAsks: Rule = {
  code: 'anybody_asks',
  severity: 'error',
  about:
    'Everybody may ask on the listener for other proxies: whoever reaches it says which client and which request it is about, and is handed identity tokens.',
  fix: 'geo $realip_remote_addr $fido2_peer { default no; ADDRESS-OF-THE-PROXY yes; }',
  *find({ main }) {
    const lists = main.children.flatMap((http) => http.own('geo')).filter(({ args }) => args.at(-1) === '$fido2_peer');
    for (const row of lists.flatMap(({ block }) => block ?? [])) {
      if (row.args[0] !== 'yes' || !everybody.includes(row.name)) continue;
      yield { directive: row, reason: `${row.name} lets everybody ask` };
    }
  },
};

export const askerRules: RuleGroup = {
  title: 'Listeners for other proxies',
  rules: [answerWithoutGate, anybodyAsks],
};
