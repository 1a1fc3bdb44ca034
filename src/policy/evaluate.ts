import type { Authenticator } from './authenticator.ts';
import { isWithin } from './network.ts';
import type { Policy } from './rules.ts';
import { closingTime } from './time-window.ts';

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
  /** That of the passkey; absent: not known, and no rule on it holds. */
  readonly authenticator?: Authenticator | null | undefined;
}

/** What a rule may read of the request itself. */
export interface Asked {
  readonly method: string;
  /** The client's. */
  readonly address: string;
  /** Sec-Fetch-Site and Sec-Fetch-Mode; null where none was sent. */
  readonly site: string | null;
  readonly mode: string | null;
  /** Whether an Origin was sent that is not one of the site's. */
  readonly foreignOrigin: boolean;
}

export type Rule =
  | 'deny.users'
  | 'deny.groups'
  | 'groups.none'
  | 'groups.all'
  | 'groups.any'
  | 'users'
  | 'methods'
  | 'networks'
  | 'sameSite'
  | 'times'
  | 'authenticator.attested'
  | 'authenticator.aaguids'
  | 'userVerification'
  | 'maxAge';

/** One rule that the policy has, in the order of evaluation, up to the first that did not hold. */
export interface Check {
  readonly rule: Rule;
  readonly held: boolean;
  /** What the policy names: groups, users, methods, networks, times, models, or a duration in milliseconds. */
  readonly wanted: readonly string[] | number | null;
  /** What decided: the groups in common or missing, the user's name, what was asked, the age in milliseconds. */
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
 * comes first, so that nobody is asked for a touch in vain. `until` is when the answer stops holding by time alone.
 * Without `asked` no rule holds that reads the request.
 */
export function evaluate(subject: Subject, policy: Policy, now: number, asked: Asked | null = null): Decision {
  const trace: Check[] = [];
  const checks = [
    ...denialChecks(subject, policy),
    ...membershipChecks(subject, policy),
    ...requestChecks(policy, asked),
    ...timeChecks(policy, now),
    ...authenticatorChecks(subject, policy),
    ...confirmationChecks(subject, policy, now),
  ];
  for (const check of checks) {
    trace.push(check);
    if (check.held) continue;
    const { rule } = check;
    if (rule !== 'userVerification' && rule !== 'maxAge') return { outcome: 'deny', rule, trace };
    const reason = rule === 'maxAge' ? 'max_age' : 'user_verification';
    return { outcome: 'step_up', reason, maxAge: policy.maxAge, trace };
  }
  return { outcome: 'allow', until: endOf(subject, policy, now), trace };
}

function endOf({ authTime }: Subject, { maxAge, times }: Policy, now: number): number | null {
  const ends: number[] = [];
  if (maxAge !== null) ends.push(Math.min(authTime, now) + maxAge);
  if (times !== null) ends.push(Math.max(...times.map((window) => closingTime(window, now) ?? now)));
  return ends.length === 0 ? null : Math.min(...ends);
}

function denialChecks({ groups, name }: Subject, { deny }: Policy): Check[] {
  const checks: Check[] = [];
  if (deny.users.length > 0) {
    checks.push({ rule: 'deny.users', held: !deny.users.includes(name), wanted: deny.users, found: [name] });
  }
  if (deny.groups.length > 0) {
    const found = deny.groups.filter((group) => groups.includes(group));
    checks.push({ rule: 'deny.groups', held: found.length === 0, wanted: deny.groups, found });
  }
  return checks;
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

function requestChecks({ methods, networks, sameSite }: Policy, asked: Asked | null): Check[] {
  const checks: Check[] = [];
  if (methods !== null) {
    const method = asked?.method === 'HEAD' && !methods.includes('HEAD') ? 'GET' : asked?.method;
    const held = method !== undefined && methods.includes(method);
    checks.push({ rule: 'methods', held, wanted: methods, found: asked && [asked.method] });
  }
  if (networks !== null) {
    const held = asked !== null && networks.some((network) => isWithin(asked.address, network));
    checks.push({ rule: 'networks', held, wanted: networks.map(({ text }) => text), found: asked && [asked.address] });
  }
  if (sameSite) {
    const held = asked !== null && isOfThisSite(asked);
    checks.push({ rule: 'sameSite', held, wanted: null, found: asked && [asked.site ?? 'no Sec-Fetch-Site'] });
  }
  return checks;
}

/** A browser without Fetch Metadata still names the Origin of what a page of another site sends, links apart. */
function isOfThisSite({ method, site, mode, foreignOrigin }: Asked): boolean {
  if (site === null) return !foreignOrigin;
  if (site === 'cross-site') return mode === 'navigate' && (method === 'GET' || method === 'HEAD');
  return site === 'same-origin' || site === 'same-site' || site === 'none';
}

function timeChecks({ times }: Policy, now: number): Check[] {
  if (times === null) return [];
  const held = times.some((window) => closingTime(window, now) !== null);
  return [{ rule: 'times', held, wanted: times.map(({ text }) => text), found: [new Date(now).toISOString()] }];
}

/** A model counts only where it is attested: anybody can state an AAGUID. */
function authenticatorChecks({ authenticator }: Subject, { authenticator: rule }: Policy): Check[] {
  if (rule === null) return [];
  const found = authenticator ? [authenticator.aaguid] : null;
  const checks: Check[] = [
    { rule: 'authenticator.attested', held: authenticator?.attested === true, wanted: null, found },
  ];
  const { aaguids } = rule;
  if (aaguids !== null) {
    const held = authenticator ? aaguids.includes(authenticator.aaguid) : false;
    checks.push({ rule: 'authenticator.aaguids', held, wanted: aaguids, found });
  }
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
