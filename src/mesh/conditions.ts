import type { Rule } from '../policy/evaluate.ts';
import type { Policy } from '../policy/rules.ts';

/** What the claims of a token must be; all of a policy’s conditions must hold. */
export interface ClaimCondition {
  readonly rule: Rule;
  readonly claim: 'groups' | 'preferred_username' | 'amr';
  /** Whether the claim is a list, of which one member decides. */
  readonly isList: boolean;
  /** `any`: one of the values is there; `none`: none of them is. */
  readonly quantity: 'any' | 'none';
  readonly values: readonly string[];
}

/** What a mesh can know of a policy: the token’s claims and the request’s method. */
export interface Conditions {
  readonly claims: readonly ClaimCondition[];
  /** Null: every method. */
  readonly methods: readonly string[] | null;
}

/** A rule that a mesh does not hold, and the nearest thing that works. */
export interface Inexpressible {
  readonly rule: Rule | 'preflight' | 'edge' | 'audience';
  readonly nearest: string;
}

/** The value of amr that only a token has whose user was verified. */
const verified = 'mfa';

export function conditionsOf({ deny, groups, users, methods, userVerification }: Policy): Conditions {
  const claims: ClaimCondition[] = [];
  const add = (rule: Rule, claim: ClaimCondition['claim'], quantity: 'any' | 'none', values: readonly string[]) => {
    if (values.length > 0) claims.push({ rule, claim, isList: claim !== 'preferred_username', quantity, values });
  };
  add('deny.users', 'preferred_username', 'none', deny.users);
  add('deny.groups', 'groups', 'none', deny.groups);
  add('groups.none', 'groups', 'none', groups.none);
  for (const group of groups.all) add('groups.all', 'groups', 'any', [group]);
  add('groups.any', 'groups', 'any', groups.any);
  add('users', 'preferred_username', 'any', users ?? []);
  if (userVerification) add('userVerification', 'amr', 'any', [verified]);
  return { claims, methods: methods === null ? null : withHead(methods) };
}

/** `GET` stands for HEAD too. */
function withHead(methods: readonly string[]): string[] {
  return [...methods, ...(methods.includes('GET') && !methods.includes('HEAD') ? ['HEAD'] : [])];
}

const atTheEdge = 'leave the rule to the policy of nginx’s location, and name one without it with --policy';

/** What no mesh can express, for it knows nothing but a token, a peer and a request. */
export function inexpressibleAnywhere({
  networks,
  times,
  sameSite,
  maxAge,
  preflight,
  authenticator,
}: Policy): Inexpressible[] {
  const found: Inexpressible[] = [];
  const add = (rule: Inexpressible['rule'], why: string) => found.push({ rule, nearest: `${why}: ${atTheEdge}` });
  if (networks !== null) add('networks', 'the peer that a mesh sees is the edge, never the client');
  if (times !== null) add('times', 'a mesh reads no clock for its policies');
  if (sameSite) add('sameSite', 'a header of the client is no proof in a mesh');
  if (authenticator !== null) add('authenticator.attested', 'a token names no model of authenticator');
  if (maxAge !== null) add('maxAge', 'a mesh cannot compare auth_time with its clock');
  if (preflight === 'pass') add('preflight', 'a preflight has no token, without which a mesh lets nothing pass');
  return found;
}

/** What a transaction token does not say, which workloads hand on to each other: names, and how people confirmed. */
export function inexpressibleWithTxn({ deny, users, userVerification }: Policy): Inexpressible[] {
  const found: Rule[] = [
    ...(deny.users.length > 0 ? (['deny.users'] as const) : []),
    ...(users === null ? [] : (['users'] as const)),
    ...(userVerification ? (['userVerification'] as const) : []),
  ];
  const nearest = `a transaction token says nothing of it: ${atTheEdge}; groups it has`;
  return found.map((rule) => ({ rule, nearest }));
}
