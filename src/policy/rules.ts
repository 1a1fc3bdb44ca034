import * as v from 'valibot';
import { authenticatorRule } from './authenticator.ts';
import { type Network, networkForm, parseNetwork } from './network.ts';
import { parseTimeWindow, type TimeWindow, timeWindowForm } from './time-window.ts';
import { duration, groupName, parsed, text } from './values.ts';

/**
 * One policy, checked in this order: who is denied, who is admitted, which requests, when, and how people must have
 * confirmed themselves. Null: the policy has no such rule.
 */
export interface Policy {
  readonly deny: { readonly users: readonly string[]; readonly groups: readonly string[] };
  readonly groups: {
    readonly none: readonly string[];
    readonly all: readonly string[];
    /** Empty: any group, or none at all. */
    readonly any: readonly string[];
  };
  /** Account names. */
  readonly users: readonly string[] | null;
  /** GET stands for HEAD too. */
  readonly methods: readonly string[] | null;
  readonly networks: readonly Network[] | null;
  readonly times: readonly TimeWindow[] | null;
  /** Whether requests that another site caused are refused, links apart. */
  readonly sameSite: boolean;
  /** What becomes of a CORS preflight, which never carries a session. */
  readonly preflight: 'deny' | 'pass';
  /** What must be attested of the passkey; `aaguids` null: any model. */
  readonly authenticator: { readonly aaguids: readonly string[] | null } | null;
  readonly userVerification: boolean;
  /** Milliseconds since the last confirmation; null: as long as the session. */
  readonly maxAge: number | null;
  /** Which kinds of passkey browsers are to offer first at a confirmation for it. */
  readonly hints?: readonly string[] | undefined;
  /** What a refusal tells people instead of the site's own words, and whom it tells them to ask. */
  readonly words?: string | undefined;
  readonly contact?: string | undefined;
}

const groups = v.pipe(v.array(groupName), v.minLength(1));

const groupRules = v.pipe(
  v.strictObject({
    any: v.optional(v.pipe(groups, v.description('one of these groups suffices'))),
    all: v.optional(v.pipe(groups, v.description('every one of these groups is needed'))),
    none: v.optional(v.pipe(groups, v.description('a member of one of these groups is denied, whatever else holds'))),
  }),
  v.minEntries(1, 'name any, all or none'),
);

const names = v.pipe(v.array(text(64)), v.minLength(1));
const method = v.pipe(v.string(), v.regex(/^[A-Z_-]{1,32}$/, 'expected a method such as "GET", in capitals'));

/** A policy as it is written. Without a member it admits every enrolled user. */
export const policySchema = v.strictObject({
  deny: v.optional(
    v.pipe(
      v.strictObject({
        users: v.optional(v.pipe(names, v.description('these accounts are denied, whatever else holds'))),
        groups: v.optional(
          v.pipe(groups, v.description('a member of one of these groups is denied, whatever else holds')),
        ),
      }),
      v.minEntries(1, 'name users or groups'),
      v.description('who is denied before anything else is looked at'),
    ),
  ),
  groups: v.optional(
    v.pipe(
      v.union([groups, groupRules], 'expected a list of group names, or an object with any, all, none'),
      v.description('a list (one of these groups suffices), or an object with any, all, none'),
    ),
  ),
  users: v.optional(v.pipe(names, v.description('account names, exactly as they were given; nobody else is admitted'))),
  methods: v.optional(
    v.pipe(v.array(method), v.minLength(1), v.description('the methods that are admitted; `GET` stands for HEAD too')),
  ),
  networks: v.optional(
    v.pipe(
      v.array(
        parsed(networkForm, parseNetwork, 'expected a block of addresses such as "10.0.0.0/8" or "2001:db8::/32"'),
      ),
      v.minLength(1),
      v.description('client addresses (`$remote_addr`) that are admitted: `10.0.0.0/8`, `2001:db8::/32`'),
    ),
  ),
  times: v.optional(
    v.pipe(
      v.array(parsed(timeWindowForm, parseTimeWindow, 'expected a time such as "Mon-Fri 08:00-18:00 +01:00"')),
      v.minLength(1),
      v.description('when people are admitted: `Mon-Fri 08:00-18:00 +01:00`; past midnight is two entries'),
    ),
  ),
  sameSite: v.optional(
    v.pipe(v.boolean(), v.description('refuses what another site’s page sends, except for following a link')),
    false,
  ),
  preflight: v.optional(
    v.pipe(
      v.picklist(['deny', 'pass']),
      v.description('whether a CORS preflight, which never has a session, passes to the upstream, without an identity'),
    ),
    'deny',
  ),
  authenticator: v.optional(authenticatorRule),
  userVerification: v.optional(
    v.pipe(v.boolean(), v.description('the passkey must have checked who holds it (fingerprint, face, PIN)')),
    true,
  ),
  maxAge: v.optional(duration('an older confirmation than this has to be made again')),
  hints: v.optional(
    v.pipe(
      v.array(v.picklist(['security-key', 'client-device', 'hybrid'])),
      v.minLength(1),
      v.description(
        'which kinds of passkey browsers offer first at a confirmation: security-key, client-device, hybrid',
      ),
    ),
  ),
  words: v.optional(v.pipe(text(300), v.description('what the page of a refusal says: one or two sentences'))),
  contact: v.optional(
    v.pipe(text(200), v.description('whom a refused person is to ask: an address, a number; default: pages.help')),
  ),
});

/** The form that is evaluated. */
export function toPolicy(written: v.InferOutput<typeof policySchema>): Policy {
  const rules = Array.isArray(written.groups) ? { any: written.groups } : (written.groups ?? {});
  return {
    deny: { users: written.deny?.users ?? [], groups: written.deny?.groups ?? [] },
    groups: { none: rules.none ?? [], all: rules.all ?? [], any: rules.any ?? [] },
    users: written.users ?? null,
    methods: written.methods ?? null,
    networks: written.networks ?? null,
    times: written.times ?? null,
    sameSite: written.sameSite,
    preflight: written.preflight,
    authenticator: written.authenticator === undefined ? null : { aaguids: written.authenticator.aaguids ?? null },
    userVerification: written.userVerification,
    maxAge: written.maxAge ?? null,
    hints: written.hints,
    words: written.words,
    contact: written.contact,
  };
}

/** Whether the decision depends on more than user and time: then it must be made for each request anew. */
export function readsRequest({ methods, networks, sameSite }: Policy): boolean {
  return methods !== null || networks !== null || sameSite;
}
