import * as v from 'valibot';
import { duration, groupName, text } from './values.ts';

/** One policy, checked in this order: who is denied, who is admitted, how they must have confirmed themselves. */
export interface Policy {
  readonly groups: {
    readonly none: readonly string[];
    readonly all: readonly string[];
    /** Empty: any group, or none at all. */
    readonly any: readonly string[];
  };
  /** Account names; null: everybody. */
  readonly users: readonly string[] | null;
  readonly userVerification: boolean;
  /** Milliseconds since the last confirmation; null: as long as the session. */
  readonly maxAge: number | null;
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

/** A policy as it is written. Without a member it admits every enrolled user. */
export const policySchema = v.strictObject({
  groups: v.optional(
    v.pipe(
      v.union([groups, groupRules], 'expected a list of group names, or an object with any, all, none'),
      v.description('a list (one of these groups suffices), or an object with any, all, none'),
    ),
  ),
  users: v.optional(
    v.pipe(
      v.array(text(64)),
      v.minLength(1),
      v.description('account names, exactly as they were given; nobody else is admitted'),
    ),
  ),
  userVerification: v.optional(
    v.pipe(v.boolean(), v.description('the passkey must have checked who holds it (fingerprint, face, PIN)')),
    true,
  ),
  maxAge: v.optional(duration('an older confirmation than this has to be made again')),
  words: v.optional(v.pipe(text(300), v.description('what the page of a refusal says: one or two sentences'))),
  contact: v.optional(
    v.pipe(text(200), v.description('whom a refused person is to ask: an address, a number; default: pages.help')),
  ),
});

/** The form that is evaluated. */
export function toPolicy(written: v.InferOutput<typeof policySchema>): Policy {
  const rules = Array.isArray(written.groups) ? { any: written.groups } : (written.groups ?? {});
  return {
    groups: { none: rules.none ?? [], all: rules.all ?? [], any: rules.any ?? [] },
    users: written.users ?? null,
    userVerification: written.userVerification,
    maxAge: written.maxAge ?? null,
    words: written.words,
    contact: written.contact,
  };
}
