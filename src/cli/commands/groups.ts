import { parseGroup, withGroup, withoutGroup } from '../../identity/group.ts';
import { listUsers, updateUser } from '../../identity/user.ts';
import { formatDuration } from '../../policy/duration.ts';
import type { Command, Input } from '../command.ts';
import { type Answer, printable, table } from '../output.ts';
import { requireUser } from './find-user.ts';

const who = ['<group>', '<user>'];

export const groupCommands: readonly Command[] = [
  {
    name: 'groups list',
    summary: 'list the groups and who is in them',
    example: 'groups list',
    run: async (input) => {
      const members = new Map<string, string[]>();
      for (const user of await listUsers(input.open().ports)) {
        for (const group of user.groups) members.set(group, [...(members.get(group) ?? []), user.name]);
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
    example: 'groups add admins ada',
    run: (input) => changeGroups(input, 'group_add', withGroup),
  },
  {
    name: 'groups remove',
    parameters: who,
    summary: 'take a user out of a group',
    example: 'groups remove admins ada',
    run: (input) => changeGroups(input, 'group_remove', withoutGroup),
  },
];

async function changeGroups(
  input: Input,
  event: string,
  change: (groups: readonly string[], group: string) => string[],
): Promise<Answer> {
  const { ports, settings, audit } = input.open();
  const group = parseGroup(input.parameter('group'));
  const { value: user } = await requireUser(ports, input.parameter('user'));
  const { value: changed } = await updateUser(ports, user.id, ({ groups }) => ({ groups: change(groups, group) }));
  audit(event, { user: user.id, name: user.name, group });
  const bound = formatDuration(settings.identity.refresh);
  return {
    json: { user: changed.name, groups: changed.groups },
    lines: [
      `${printable(changed.name)} is in ${changed.groups.join(', ') || 'no group'}`,
      `in force everywhere within ${bound}`,
    ],
  };
}
