import { type Decision, evaluate } from '../../policy/evaluate.ts';
import type { Policy } from '../../policy/rules.ts';
import type { Settings } from '../../policy/settings.ts';

export interface Access {
  readonly user: string;
  readonly policy: string;
}

export interface AccessChanges {
  /** Who is admitted by the second document and not by the first. */
  readonly more: readonly Access[];
  readonly less: readonly Access[];
  /** Policies whose other rules differ: when, from where, how, how lately confirmed. */
  readonly conditions: readonly { readonly policy: string; readonly rules: readonly string[] }[];
}

interface Account {
  readonly id: string;
  readonly name: string;
  readonly groups: readonly string[];
}

const conditions = [
  'methods',
  'networks',
  'times',
  'sameSite',
  'preflight',
  'authenticator',
  'userVerification',
  'maxAge',
] as const;

/** What two documents admit differently, by the gate's own evaluator: who, with all conditions met. */
export function accessChanges(before: Settings, after: Settings, accounts: readonly Account[]): AccessChanges {
  const names = [...new Set([...before.policies.keys(), ...after.policies.keys()])];
  const pairs = accounts.flatMap((account) => names.map((policy) => ({ account, policy })));
  const changed = (admitted: boolean): Access[] =>
    pairs
      .filter(({ account, policy }) => isAdmitted(account, after.policies.get(policy)) === admitted)
      .filter(({ account, policy }) => isAdmitted(account, before.policies.get(policy)) !== admitted)
      .map(({ account, policy }) => ({ user: account.name, policy }));
  return {
    more: changed(true),
    less: changed(false),
    conditions: names.flatMap((policy) => {
      const rules = changedConditions(before.policies.get(policy), after.policies.get(policy));
      return rules.length === 0 ? [] : [{ policy, rules }];
    }),
  };
}

/** A policy that is not there admits nobody. */
function isAdmitted({ id, name, groups }: Account, policy: Policy | undefined): boolean {
  if (policy === undefined) return false;
  const membership: Policy = {
    ...policy,
    ...{ methods: null, networks: null, times: null, sameSite: false, userVerification: false, maxAge: null },
    authenticator: null,
  };
  const decision: Decision = evaluate({ userId: id, name, groups, userVerified: true, authTime: 0 }, membership, 0);
  return decision.outcome === 'allow';
}

function changedConditions(before: Policy | undefined, after: Policy | undefined): string[] {
  if (before === undefined || after === undefined) return [];
  return conditions.filter((rule) => JSON.stringify(before[rule]) !== JSON.stringify(after[rule]));
}
