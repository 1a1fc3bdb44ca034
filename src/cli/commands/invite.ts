import { parseGroups } from '../../identity/group.ts';
import { createInvite } from '../../identity/invite.ts';
import { isActive, joinGroups } from '../../identity/membership.ts';
import { createUser, findUserByName, updateUser } from '../../identity/user.ts';
import { parseDuration } from '../../policy/duration.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { isoTime, printable } from '../output.ts';

const longest = 30 * 86_400_000;

export const inviteCommand: Command = {
  name: 'invite',
  parameters: ['<name>'],
  summary: 'make a link with which somebody enrols a passkey; the account is made if there is none',
  example: 'invite ada --group admins --ttl 2h',
  options: [
    { flags: '--group <name...>', summary: 'put the user into this group too; may be repeated' },
    { flags: '--display-name <words>', summary: 'what pages call a new user' },
    { flags: '--ttl <duration>', summary: 'how long the link works, at most 30d', default: '24h' },
    { flags: '--recover', summary: 'for a user who has a passkey: whoever holds the link becomes that user' },
  ],
  run: async (input) => {
    const life = parseDuration(input.text('ttl') ?? '');
    if (life === null || life > longest) {
      throw new CommandError(`"${input.text('ttl')}" is not a duration up to 30d`, 'write 15m, 24h or 7d', 2);
    }
    const { ports, settings, audit } = input.open();
    const groups = parseGroups(input.list('group'));
    const recover = input.flag('recover');
    const displayName = input.text('display-name');
    const there = await findUserByName(ports, input.parameter('name'));
    if (there?.value.disabled === true) {
      const name = printable(there.value.name);
      throw new CommandError(`${name} is disabled`, `ngx-fido2 users enable ${name}`);
    }
    if (there !== null && !isActive(there.value, ports.clock.now())) {
      const name = printable(there.value.name);
      throw new CommandError(`the account of ${name} has ended`, `ngx-fido2 users expire ${name} 30d`);
    }
    const { value: user } =
      there ??
      (await createUser(ports, {
        name: input.parameter('name'),
        groups,
        ...(displayName === undefined ? {} : { displayName }),
      }));
    // before the groups are touched: a refused invite changes nothing
    const { code, invite } = await createInvite(ports, { user: user.id, life, recover });
    if (there !== null && groups.length > 0) {
      await updateUser(ports, user.id, (record) => joinGroups(record, groups, ports.clock.now()));
    }
    const again = user.credentials.length > 0;
    audit(again ? 'invite_recover' : 'invite', {
      user: user.id,
      name: user.name,
      groups,
      expires: isoTime(invite.expires),
    });
    const url = `${settings.rp.origins[0]}/fido2/enrol#${code}`;
    return {
      json: { user: user.name, url, code, expires: isoTime(invite.expires) },
      lines: [url, `for ${printable(user.name)}, once, until ${isoTime(invite.expires)}`],
    };
  },
};
