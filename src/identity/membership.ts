import { parseGroups, withGroup, withoutGroup } from './group.ts';
import type { User } from './user.ts';

/** What of a user's record ends by itself. Functions of (record, now); times are milliseconds since 1970. */
type Groups = Pick<User, 'groups' | 'groupEnds'>;

/** Enabled, and not past the account's end. */
export function isActive({ disabled, until }: Pick<User, 'disabled' | 'until'>, now: number): boolean {
  return !disabled && now < (until ?? Number.POSITIVE_INFINITY);
}

/** The groups that the user is in now. A record keeps those that have ended, to be seen. */
export function groupsAt({ groups, groupEnds = [] }: Groups, now: number): string[] {
  const ended = groupEnds.filter(({ at }) => at <= now).map(({ group }) => group);
  return groups.filter((group) => !ended.includes(group));
}

/** When the account or the next of its groups ends, or null. */
export function nextEnd({ until, groupEnds = [] }: Pick<User, 'until' | 'groupEnds'>, now: number): number | null {
  const ends = [...groupEnds.map(({ at }) => at), ...(until == null ? [] : [until])].filter((at) => at > now);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** The membership from now on, until `end` or for good; whatever end it had is gone. */
export function joinGroup({ groups, groupEnds = [] }: Groups, group: string, end: number | null): Required<Groups> {
  const others = groupEnds.filter((each) => each.group !== group);
  return {
    groups: withGroup(groups, group),
    groupEnds: end === null ? others : [...others, { group, at: end }],
  };
}

export function leaveGroup({ groups, groupEnds = [] }: Groups, group: string): Required<Groups> {
  return { groups: withoutGroup(groups, group), groupEnds: groupEnds.filter((each) => each.group !== group) };
}

/** As joinGroup, for good, for each of the names that the user is not in now. */
export function joinGroups(user: Groups, names: readonly string[], now: number): Required<Groups> {
  const current = groupsAt(user, now);
  const start = { groups: user.groups, groupEnds: user.groupEnds ?? [] };
  return parseGroups(names)
    .filter((name) => !current.includes(name))
    .reduce<Required<Groups>>((joined, name) => joinGroup(joined, name, null), start);
}
