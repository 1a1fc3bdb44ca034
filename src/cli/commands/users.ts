import { voidInvites } from '../../identity/invite.ts';
import { revokeSessions } from '../../identity/revocation.ts';
import { listSessions } from '../../identity/session.ts';
import {
  type Credential,
  deleteUser,
  listUsers,
  removeCredential,
  type User,
  updateUser,
} from '../../identity/user.ts';
import { formatDuration } from '../../policy/duration.ts';
import type { Command } from '../command.ts';
import { confirm } from '../confirm.ts';
import type { Installation } from '../installation.ts';
import { isoTime, printable, table } from '../output.ts';
import { requireUser } from './find-user.ts';

export const userCommands: readonly Command[] = [
  {
    name: 'users list',
    summary: 'list everybody who has an account',
    example: 'users list --json',
    run: async (input) => {
      const users = (await listUsers(input.open().ports)).sort((a, b) => (a.name < b.name ? -1 : 1));
      const rows = users.map((user) => [
        printable(user.name),
        user.groups.join(' '),
        String(user.credentials.length),
        user.disabled ? 'disabled' : user.credentials.length === 0 ? 'invited' : 'active',
        isoTime(user.created),
      ]);
      return {
        json: { users: users.map(summaryOf) },
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
      const { value: user } = await requireUser(ports, input.parameter('name'));
      const sessions = await listSessions(ports.store, user.id);
      return {
        json: { ...summaryOf(user), credentials: user.credentials.map(credentialOf), sessions: sessions.length },
        lines: [
          `name      ${printable(user.name)} (${printable(user.displayName)})`,
          `id        ${user.id}`,
          `state     ${user.disabled ? 'disabled' : 'enabled'}, created ${isoTime(user.created)}`,
          `groups    ${user.groups.join(' ') || 'none'}`,
          `sessions  ${sessions.length}`,
          ...passkeyLines(user.credentials),
        ],
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

function summaryOf(user: User) {
  const { id, name, displayName, groups, disabled } = user;
  return { id, name, displayName, groups, disabled, created: isoTime(user.created), keys: user.credentials.length };
}

function credentialOf({ id, name, algorithm, aaguid, format, backedUp, created, lastUsed }: Credential) {
  const used = lastUsed === null ? null : isoTime(lastUsed);
  return { id, name, algorithm, aaguid, format, backedUp, created: isoTime(created), lastUsed: used };
}

function passkeyLines(credentials: readonly Credential[]): string[] {
  if (credentials.length === 0) return ['passkeys  none'];
  const rows = credentials.map((credential) => [
    printable(credential.name),
    credential.id,
    isoTime(credential.created),
    credential.lastUsed === null ? 'never' : isoTime(credential.lastUsed),
  ]);
  return ['', ...table(['PASSKEY', 'ID', 'CREATED', 'LAST USED'], rows)];
}
