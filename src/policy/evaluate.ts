import type { Policy } from './rules.ts';

/** Who asks, as the session and the user's record say at this moment. */
export interface Subject {
  readonly userId: string;
  /** Account name. */
  readonly name: string;
  readonly groups: readonly string[];
  /** Whether the last confirmation checked who holds the passkey. */
  readonly userVerified: boolean;
  /** When the passkey was last used, milliseconds since 1970. */
  readonly authTime: number;
}

export type Rule = 'groups.none' | 'groups.all' | 'groups.any' | 'users' | 'userVerification' | 'maxAge';

/** One rule that the policy has, in the order of evaluation, up to the first that did not hold. */
export interface Check {
  readonly rule: Rule;
  readonly held: boolean;
  /** What the policy names: groups, users or a duration in milliseconds. */
  readonly wanted: readonly string[] | number | null;
  /** What decided: the groups in common or missing, the user's name, the age in milliseconds. */
  readonly found: readonly string[] | number | null;
}

export type Decision =
  | { readonly outcome: 'allow'; readonly until: number | null; readonly trace: readonly Check[] }
  | {
      readonly outcome: 'step_up';
      readonly reason: 'user_verification' | 'max_age';
      /** Milliseconds, where the policy limits the age. */
      readonly maxAge: number | null;
      readonly trace: readonly Check[];
    }
  | { readonly outcome: 'deny'; readonly rule: Rule; readonly trace: readonly Check[] };

/** Clocks of two machines may differ by this much; an authentication further in the future is no authentication. */
const skew = 60_000;

/**
 * Whether the policy admits the subject at `now` (milliseconds since 1970). What a fresh confirmation cannot mend
 * comes first, so that nobody is asked for a touch in vain. `until` is when the answer stops holding by age alone.
 */
export function evaluate(subject: Subject, policy: Policy, now: number): Decision {
  const trace: Check[] = [];
  for (const check of [...membershipChecks(subject, policy), ...confirmationChecks(subject, policy, now)]) {
    trace.push(check);
    if (check.held) continue;
    const { rule } = check;
    if (rule !== 'userVerification' && rule !== 'maxAge') return { outcome: 'deny', rule, trace };
    const reason = rule === 'maxAge' ? 'max_age' : 'user_verification';
    return { outcome: 'step_up', reason, maxAge: policy.maxAge, trace };
  }
  const until = policy.maxAge === null ? null : Math.min(subject.authTime, now) + policy.maxAge;
  return { outcome: 'allow', until, trace };
}

function membershipChecks({ groups, name }: Subject, { groups: rules, users }: Policy): Check[] {
  const checks: Check[] = [];
  const mine = new Set(groups);
  if (rules.none.length > 0) {
    const found = rules.none.filter((group) => mine.has(group));
    checks.push({ rule: 'groups.none', held: found.length === 0, wanted: rules.none, found });
  }
  if (rules.all.length > 0) {
    const found = rules.all.filter((group) => !mine.has(group));
    checks.push({ rule: 'groups.all', held: found.length === 0, wanted: rules.all, found });
  }
  if (rules.any.length > 0) {
    const found = rules.any.filter((group) => mine.has(group));
    checks.push({ rule: 'groups.any', held: found.length > 0, wanted: rules.any, found });
  }
  if (users !== null) checks.push({ rule: 'users', held: users.includes(name), wanted: users, found: [name] });
  return checks;
}

function confirmationChecks({ userVerified, authTime }: Subject, policy: Policy, now: number): Check[] {
  const checks: Check[] = [];
  if (policy.userVerification) checks.push({ rule: 'userVerification', held: userVerified, wanted: null, found: null });
  if (policy.maxAge !== null) {
    const age = now - authTime;
    const held = age < policy.maxAge && age >= -skew;
    checks.push({ rule: 'maxAge', held, wanted: policy.maxAge, found: age });
  }
  return checks;
}
