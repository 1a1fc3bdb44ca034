import { joinGroup, leaveGroup } from '../identity/membership.ts';
import { findUserByName, updateUser } from '../identity/user.ts';
import type { Installation } from './installation.ts';

/** Lets people of the trial site leave the group admins, to see when the gate takes notice, and come back. */
export interface DemoMembership {
  /** Seconds after which a change is in force: `identity.refresh`. */
  readonly within: number;
  /** False where there is nobody of that name in the group, or for a return of somebody who did not leave this way. */
  change(user: string, member: boolean): Promise<boolean>;
}

const group = 'admins';

export function demoMembership(
  { ports, audit }: Pick<Installation, 'ports' | 'audit'>,
  within: number,
): DemoMembership {
  /** When each one's membership was to end, or null. */
  const left = new Map<string, number | null>();
  return {
    within,
    async change(name, member) {
      const user = (await findUserByName(ports, name))?.value;
      const end = left.get(name);
      if (user === undefined || (member ? end === undefined : !user.groups.includes(group))) return false;
      await updateUser(ports, user.id, (now) => (member ? joinGroup(now, group, end ?? null) : leaveGroup(now, group)));
      if (member) left.delete(name);
      else left.set(name, user.groupEnds?.find((each) => each.group === group)?.at ?? null);
      audit(member ? 'group_add' : 'group_remove', { user: user.id, name, group, by: 'the demo page' });
      return true;
    },
  };
}
