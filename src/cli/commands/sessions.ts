import { revokeSessions } from '../../identity/revocation.ts';
import { endOf, listSessions, type Session } from '../../identity/session.ts';
import { listUsers, type User } from '../../identity/user.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../command-error.ts';
import type { Installation } from '../installation.ts';
import { isoTime, printable, table } from '../output.ts';
import { requireUser } from './find-user.ts';

export const sessionCommands: readonly Command[] = [
  {
    name: 'sessions list',
    parameters: ['[user]'],
    summary: 'list who is signed in, or the sessions of one user',
    example: 'sessions list ada',
    run: async (input) => {
      const installation = input.open();
      const sessions = await liveSessions(installation, input.parameter('user'));
      const rows = sessions.map(({ user, session, end }) => [
        printable(user.name),
        session.id,
        isoTime(session.created),
        isoTime(session.lastSeen),
        isoTime(end),
        printable(session.address),
      ]);
      const json = sessions.map(({ user, session, end }) => ({
        sid: session.id,
        user: user.name,
        created: isoTime(session.created),
        lastSeen: isoTime(session.lastSeen),
        ends: isoTime(end),
        address: session.address,
        agent: session.agent,
      }));
      const head = ['USER', 'SESSION', 'CREATED', 'LAST SEEN', 'ENDS', 'ADDRESS'];
      return { json: { sessions: json }, lines: rows.length === 0 ? ['nobody is signed in'] : table(head, rows) };
    },
  },
  {
    name: 'sessions revoke',
    parameters: ['[user]', '[session]'],
    summary: 'end one session, all of a user, or with --all everybody’s',
    example: 'sessions revoke ada',
    options: [{ flags: '--all', summary: 'end the sessions of everybody' }],
    run: async (input) => {
      const [name, id, all] = [input.parameter('user'), input.parameter('session'), input.flag('all')];
      if ((name === '') !== all) {
        throw new CommandError('name a user, or say --all', 'ngx-fido2 sessions list shows who is signed in', 2);
      }
      const { ports, audit } = input.open();
      const users = all ? await listUsers(ports) : [(await requireUser(ports, name)).value];
      const which = (session: Session): boolean => id === '' || session.id === id;
      const revoked: string[] = [];
      for (const user of users) {
        const ended = await revokeSessions(ports.store, user.id, which, ports.clock.now());
        revoked.push(...ended.map(({ session }) => session));
      }
      if (id !== '' && revoked.length === 0) {
        throw new CommandError(
          `${printable(name)} has no session ${printable(id)}`,
          'ngx-fido2 sessions list shows them',
        );
      }
      audit('sessions_revoke', { user: all ? null : name, sessions: revoked });
      return { json: { revoked }, lines: [`${revoked.length} sessions end everywhere within 2s`] };
    },
  },
];

interface LiveSession {
  readonly user: User;
  readonly session: Session;
  /** Milliseconds since 1970. */
  readonly end: number;
}

async function liveSessions({ ports, settings }: Installation, name: string): Promise<LiveSession[]> {
  const users = name === '' ? await listUsers(ports) : [(await requireUser(ports, name)).value];
  const found: LiveSession[] = [];
  for (const user of users) {
    for (const session of await listSessions(ports.store, user.id)) {
      const end = endOf(session, session.authentication, settings.session, ports.clock.now());
      if (end !== null) found.push({ user, session, end });
    }
  }
  return found.sort((a, b) => b.session.lastSeen - a.session.lastSeen);
}
