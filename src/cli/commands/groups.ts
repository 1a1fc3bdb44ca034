import { parseGroup } from '../../identity/group.ts';
import { groupsAt, joinGroup, leaveGroup } from '../../identity/membership.ts';
import { listUsers, type User, updateUser } from '../../identity/user.ts';
import { formatDuration } from '../../policy/duration.ts';
import type { Command, Input } from '../command.ts';
import { type Answer, isoTime, printable, table } from '../output.ts';
import { parseWhen } from '../when.ts';
import { requireUser } from './find-user.ts';

const who = ['<user>', '<group>'];

export const groupCommands: readonly Command[] = [
  {
    name: 'groups list',
    summary: 'list the groups and who is in them',
    example: 'groups list',
    run: async (input) => {
      const members = new Map<string, string[]>();
      const { ports } = input.open();
      for (const user of await listUsers(ports)) {
        for (const group of groupsAt(user, ports.clock.now()))
          members.set(group, [...(members.get(group) ?? []), user.name]);
      }
      const groups = [...members]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, users]) => ({ name, users: users.sort() }));
      const rows = groups.map(({ name, users }) => [name, users.map(printable).join(' ')]);
      return {
        json: { groups },
        lines: rows.length === 0 ? ['no groups yet'] : table(['GROUP', 'USERS'], rows),
      };
    },
  },
  {
    name: 'groups add',
    parameters: who,
    summary: 'put a user into a group',
    example: 'groups add ada admins --for 8h',
    options: [{ flags: '--for <when>', summary: 'until then only: 8h, 30d, 2027-01-31 or 2027-01-31T18:00Z' }],
    run: (input) => {
      const written = input.text('for');
      const end = written === undefined ? null : parseWhen(written, input.open().ports.clock.now());
      return changeGroups(input, 'group_add', (user, group) => joinGroup(user, group, end), end);
    },
  },
  {
    name: 'groups remove',
    parameters: who,
    summary: 'take a user out of a group',
    example: 'groups remove ada admins',
    run: (input) => changeGroups(input, 'group_remove', leaveGroup),
  },
];

async function changeGroups(
  input: Input,
  event: string,
  change: (user: User, group: string) => Pick<User, 'groups' | 'groupEnds'>,
  end: number | null = null,
): Promise<Answer> {
  const { ports, settings, audit } = input.open();
  const group = parseGroup(input.parameter('group'));
  const { value: user } = await requireUser(ports, input.parameter('user'));
  const { value: changed } = await updateUser(ports, user.id, (record) => change(record, group));
  const until = end === null ? {} : { until: isoTime(end) };
  audit(event, { user: user.id, name: user.name, group, ...until });
  const groups = groupsAt(changed, ports.clock.now());
  const bound = formatDuration(settings.identity.refresh);
  return {
    json: { user: changed.name, groups, ...until },
    lines: [
      `${printable(changed.name)} is in ${groups.join(', ') || 'no group'}`,
      ...(end === null ? [] : [`in ${group} until ${isoTime(end)}`]),
      `in force everywhere within ${bound}`,
    ],
  };
}
