import { askerRules } from './asker-rules.ts';
import { bypassRules } from './bypass-rules.ts';
import { coverageRules } from './coverage-rules.ts';
import { gateRules } from './gate-rules.ts';
import { leakRules } from './leak-rules.ts';
import { policyRules } from './policy-rules.ts';
import { routingRules } from './routing-rules.ts';
import type { RuleGroup } from './rule.ts';
import { serverRules } from './server-rules.ts';
import { upstreamRules } from './upstream-rules.ts';

/** Every rule there is. */
export const ruleGroups: readonly RuleGroup[] = [
  ...[
    coverageRules,
    upstreamRules,
    bypassRules,
    routingRules,
    leakRules,
    policyRules,
    gateRules,
    serverRules,
    askerRules,
  ],
];
