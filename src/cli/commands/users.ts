import type { Credential } from '../../identity/credential.ts';
import { voidInvites } from '../../identity/invite.ts';
import { groupsAt, isActive } from '../../identity/membership.ts';
import { revokeSessions } from '../../identity/revocation.ts';
import { listSessions } from '../../identity/session.ts';
import { createUser, deleteUser, listUsers, removeCredential, type User, updateUser } from '../../identity/user.ts';
import { formatDuration } from '../../policy/duration.ts';
import type { Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { Installation } from '../installation.ts';
import { isoTime, printable, table } from '../output.ts';
import { parseWhen } from '../when.ts';
import { requireUser } from './find-user.ts';

const times = '8h, 30d, 2027-01-31 or 2027-01-31T18:00Z';

export const userCommands: readonly Command[] = [
  {
    name: 'users list',
    summary: 'list everybody who has an account',
    example: 'users list --json',
    run: async (input) => {
      const { ports } = input.open();
      const now = ports.clock.now();
      const users = (await listUsers(ports)).sort((a, b) => (a.name < b.name ? -1 : 1));
      const rows = users.map((user) => [
        printable(user.name),
        groupsAt(user, now).join(' '),
        String(user.credentials.length),
        stateOf(user, now),
        isoTime(user.created),
      ]);
      return {
        json: { users: users.map((user) => summaryOf(user, now)) },
        lines: rows.length === 0 ? ['nobody yet'] : table(['NAME', 'GROUPS', 'KEYS', 'STATE', 'CREATED'], rows),
      };
    },
  },
  {
    name: 'users show',
    parameters: ['<name>'],
    summary: 'show one user with passkeys and sessions',
    example: 'users show ada',
    run: async (input) => {
      const { ports } = input.open();
      const now = ports.clock.now();
      const { value: user } = await requireUser(ports, input.parameter('name'));
      const sessions = await listSessions(ports.store, user.id);
      return {
        json: { ...summaryOf(user, now), credentials: user.credentials.map(credentialOf), sessions: sessions.length },
        lines: [
          `name      ${printable(user.name)} (${printable(user.displayName)})`,
          `id        ${user.id}`,
          `state     ${user.disabled ? 'disabled' : 'enabled'}, created ${isoTime(user.created)}`,
          ...(user.until == null ? [] : [`account   ${endOf(user.until, now)}`]),
          `groups    ${groupsAt(user, now).join(' ') || 'none'}`,
          ...(user.groupEnds ?? []).map(({ group, at }) => `          ${group} ${endOf(at, now)}`),
          `sessions  ${sessions.length}`,
          ...passkeyLines(user.credentials),
        ],
      };
    },
  },
  {
    name: 'users add',
    parameters: ['<name>'],
    summary: 'make an account; ngx-fido2 invite makes the link with which its owner enrols',
    example: 'users add ada --group staff --until 2027-01-31',
    options: [
      { flags: '--group <name...>', summary: 'put the user into this group; may be repeated' },
      { flags: '--display-name <words>', summary: 'what pages call the user' },
      { flags: '--until <when>', summary: `the account ends then: ${times}` },
    ],
    run: async (input) => {
      const { ports, audit } = input.open();
      const written = input.text('until');
      const until = written === undefined ? null : parseWhen(written, ports.clock.now());
      const displayName = input.text('display-name');
      const { value: user } = await createUser(ports, {
        ...{ name: input.parameter('name'), groups: input.list('group'), until },
        ...(displayName === undefined ? {} : { displayName }),
      });
      const end = until === null ? {} : { until: isoTime(until) };
      audit('user_add', { user: user.id, name: user.name, groups: user.groups, ...end });
      const name = printable(user.name);
      return {
        json: summaryOf(user, ports.clock.now()),
        lines: [
          `${name} has an account${until === null ? '' : ` until ${isoTime(until)}`}`,
          `ngx-fido2 invite ${name}`,
        ],
      };
    },
  },
  {
    name: 'users expire',
    parameters: ['<name>', '<when>'],
    summary: `say when an account ends by itself: ${times}, or never`,
    example: 'users expire ada 30d',
    run: async (input) => {
      const { ports, settings, audit } = input.open();
      const written = input.parameter('when');
      const until = written === 'never' ? null : parseWhen(written, ports.clock.now());
      const { value: user } = await requireUser(ports, input.parameter('name'));
      await updateUser(ports, user.id, () => ({ until }));
      const end = until === null ? null : isoTime(until);
      audit('user_expire', { user: user.id, name: user.name, until: end });
      const within = `in force everywhere within ${formatDuration(settings.identity.refresh)}`;
      return {
        json: { user: user.name, until: end },
        lines: [`the account of ${printable(user.name)} ends ${end ?? 'never'}`, within],
      };
    },
  },
  {
    name: 'users disable',
    parameters: ['<name>'],
    summary: 'let a user sign in no more, and end the sessions',
    example: 'users disable ada',
    run: async (input) => {
      const installation = input.open();
      const { value: user } = await requireUser(installation.ports, input.parameter('name'));
      await updateUser(installation.ports, user.id, () => ({ disabled: true }));
      const ended = await endSessions(installation, user);
      installation.audit('user_disable', { user: user.id, name: user.name, sessions: ended });
      const name = printable(user.name);
      return {
        json: { user: user.name, disabled: true, sessions: ended },
        lines: [`${name} is disabled; ${ended} sessions end within 2s`, `undo: ngx-fido2 users enable ${name}`],
      };
    },
  },
  {
    name: 'users enable',
    parameters: ['<name>'],
    summary: 'let a disabled user sign in again',
    example: 'users enable ada',
    run: async (input) => {
      const { ports, audit } = input.open();
      const { value: user } = await requireUser(ports, input.parameter('name'));
      await updateUser(ports, user.id, () => ({ disabled: false }));
      audit('user_enable', { user: user.id, name: user.name });
      return { json: { user: user.name, disabled: false }, lines: [`${printable(user.name)} may sign in again`] };
    },
  },
  {
    name: 'users remove',
    parameters: ['<name>'],
    summary: 'delete a user with all passkeys, sessions and invites',
    example: 'users remove ada --yes',
    options: [{ flags: '--yes', summary: 'do not ask' }],
    run: async (input) => {
      const installation = input.open();
      const { value: user } = await requireUser(installation.ports, input.parameter('name'));
      const name = printable(user.name);
      await confirm(
        `delete ${name} with ${user.credentials.length} passkeys? this cannot be undone`,
        input.flag('yes'),
      );
      await voidInvites(installation.ports, (invite) => invite.user === user.id);
      await deleteUser(installation.ports, user.id);
      const ended = await endSessions(installation, user);
      installation.audit('user_remove', { user: user.id, name: user.name, sessions: ended });
      return {
        json: { user: user.name, removed: true, sessions: ended },
        lines: [`${name} is deleted; ${ended} sessions end within 2s`],
      };
    },
  },
  {
    name: 'users remove-key',
    parameters: ['<name>', '<id>'],
    summary: 'delete one passkey of a user, and end the sessions that it began',
    example: 'users remove-key ada Zx3v...',
    run: async (input) => {
      const { ports, settings, audit } = input.open();
      const { value: user } = await requireUser(ports, input.parameter('name'));
      const id = input.parameter('id');
      await removeCredential(ports, user.id, id);
      const ended = await revokeSessions(
        ports.store,
        user.id,
        ({ credential }) => credential === id,
        ports.clock.now(),
      );
      audit('credential_remove', { user: user.id, name: user.name, credential: id, sessions: ended.length });
      const bound = formatDuration(settings.identity.refresh);
      return {
        json: { user: user.name, credential: id, removed: true, sessions: ended.length },
        lines: [`the passkey is deleted: in force everywhere within ${bound}`],
      };
    },
  },
];

async function endSessions({ ports }: Installation, user: User): Promise<number> {
  return (await revokeSessions(ports.store, user.id, () => true, ports.clock.now())).length;
}

function summaryOf(user: User, now: number) {
  const { id, name, displayName, disabled } = user;
  return {
    ...{ id, name, displayName, groups: groupsAt(user, now), disabled },
    until: user.until == null ? null : isoTime(user.until),
    groupEnds: (user.groupEnds ?? []).map(({ group, at }) => ({ group, at: isoTime(at) })),
    created: isoTime(user.created),
    keys: user.credentials.length,
  };
}

function stateOf(user: User, now: number): string {
  if (user.disabled) return 'disabled';
  if (!isActive(user, now)) return 'ended';
  return user.credentials.length === 0 ? 'invited' : 'active';
}

const endOf = (at: number, now: number): string => `${at <= now ? 'ended' : 'ends'} ${isoTime(at)}`;

function credentialOf(credential: Credential) {
  const { id, name, algorithm, aaguid, format, attested = false, backupEligible, backedUp } = credential;
  const lastUsed = credential.lastUsed === null ? null : isoTime(credential.lastUsed);
  const created = isoTime(credential.created);
  return { id, name, algorithm, aaguid, format, attested, backupEligible, backedUp, created, lastUsed };
}

function passkeyLines(credentials: readonly Credential[]): string[] {
  if (credentials.length === 0) return ['passkeys  none'];
  const rows = credentials.map((credential) => [
    printable(credential.name),
    credential.id,
    isoTime(credential.created),
    credential.lastUsed === null ? 'never' : isoTime(credential.lastUsed),
    credential.attested === true ? credential.aaguid : 'not attested',
  ]);
  return ['', ...table(['PASSKEY', 'ID', 'CREATED', 'LAST USED', 'MODEL'], rows)];
}
