import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { groupsAt, isActive } from '../../identity/membership.ts';
import { listUsers } from '../../identity/user.ts';
import { parseSettings } from '../../policy/settings.ts';
import { type Access, type AccessChanges, accessChanges } from '../apply/access-changes.ts';
import { type InForce, readDocumentInForce, readInForce, socketOf } from '../apply/internal-listener.ts';
import type { Command, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { nodeIdentityPorts, storeFolder } from '../installation.ts';
import { type Answer, isoTime, printable, printProgress } from '../output.ts';
import { asOwner, callerName, ownerOf } from '../owner.ts';
import { readSettings } from '../settings-file.ts';
import { checkOrigins } from './check.ts';

/** Milliseconds for the new workers to start and take the document up. */
const patience = 15_000;
const pause = 100;

/** Goes on as root where root runs it, for nginx's master is root's: the store is only read, and read only. */
export const applyCommand: Command = {
  name: 'apply',
  summary: 'check fido2.json, show who may do more and who less, and put it in force',
  example: 'apply --config /etc/nginx/fido2/fido2.json',
  options: [
    { flags: '--dry-run', summary: 'show the changes and leave nginx alone' },
    { flags: '--socket <path>', summary: 'the internal listener; default: as http.conf says' },
    { flags: '--pid <file>', summary: 'nginx’s pid file; default: nginx itself says its number' },
  ],
  run: apply,
};

async function apply(input: Input): Promise<Answer> {
  const path = input.settingsPath();
  const { settings, text } = readSettings(path);
  checkOrigins(join(dirname(path), 'origin.conf'), settings.rp.origins);
  const socket = input.text('socket') ?? socketOf(path);
  const folder = storeFolder(dirname(path), settings);
  const before = await readInForce(socket);
  const now = Date.now();
  const users = (await listUsers(nodeIdentityPorts(folder)))
    .filter((user) => isActive(user, now))
    .map((user) => ({ id: user.id, name: user.name, groups: groupsAt(user, now) }));
  const changes = accessChanges(parseSettings(await readDocumentInForce(socket)).settings, settings, users);
  const digest = createHash('sha256').update(text).digest('base64url');
  const shown = { config: path, settings: digest, before: before.digest, ...changes };
  const lines = [`compared with the document in force (${socket})`, ...linesOf(changes)];
  if (before.digest === digest && before.degraded === null) {
    return { json: { ...shown, applied: false }, lines: [...lines, 'in force already'] };
  }
  if (input.flag('dry-run')) return { json: { ...shown, applied: false }, lines: [...lines, 'not applied: --dry-run'] };
  const master = masterOf(input.text('pid'), before);
  if (!input.json) for (const line of lines) printProgress(line);
  reload(master);
  await awaitDocument(socket, digest, before);
  const event = { time: isoTime(Date.now()), event: 'settings_apply', by: callerName(), settings: digest };
  asOwner(ownerOf(folder), () => {
    appendFileSync(join(folder, 'audit.log'), `${JSON.stringify(event)}\n`, { mode: 0o600 });
  });
  return { json: { ...shown, applied: true }, lines: ['in force on all workers'] };
}

function linesOf({ more, less, conditions }: AccessChanges): string[] {
  const line = (sign: string, { user, policy }: Access, may: string) => `${sign} ${printable(user)} ${may} ${policy}`;
  const lines = [
    ...more.map((each) => line('+', each, 'is now admitted by')),
    ...less.map((each) => line('-', each, 'is no longer admitted by')),
    ...conditions.map(({ policy, rules }) => `~ ${policy}: ${rules.join(', ')} changed`),
  ];
  return lines.length === 0 ? ['nobody may do more or less'] : lines;
}

function masterOf(pidFile: string | undefined, running: InForce): number {
  const hint = 'name the file of nginx’s pid directive with --pid';
  if (pidFile === undefined) {
    if (isOfThisMachine(running)) return running.master;
    throw new CommandError(`nginx (process ${running.master}) runs in a container of its own`, hint);
  }
  const number = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8')) : 0;
  if (Number.isInteger(number) && number > 1) return number;
  throw new CommandError(`${pidFile} holds no process number`, hint);
}

/** The numbers of another container may belong to somebody else here: whose worker it is tells. */
function isOfThisMachine({ master, worker }: InForce): boolean {
  if (!existsSync('/proc/self/status')) return true;
  const path = `/proc/${worker}/status`;
  return existsSync(path) && new RegExp(`^PPid:\\s${master}$`, 'm').test(readFileSync(path, 'utf8'));
}

function reload(master: number): void {
  try {
    process.kill(master, 'SIGHUP');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const hint =
      error.code === 'EPERM' ? 'run this as root, or as whoever started nginx' : 'name its pid file with --pid';
    throw new CommandError(`nginx (process ${master}) cannot be told to reload: ${error.code}`, hint, 1, {
      cause: error,
    });
  }
}

/** The document in force stands in memory that all workers share: one answer is every worker's. */
async function awaitDocument(socket: string, digest: string, before: InForce): Promise<void> {
  const end = Date.now() + patience;
  let reason = '';
  while (Date.now() < end) {
    try {
      const { digest: found, degraded } = await readInForce(socket);
      if (found === digest && degraded === null) return;
      reason = degraded ?? 'nginx still has the old document';
      // a worker looks at the document once: what it refused now it will not take later
      if (degraded !== null && degraded !== before.degraded) break;
    } catch (error) {
      // a worker that leaves closes its connections
      if (!(error instanceof CommandError)) throw error;
      reason = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  throw new CommandError(`not in force, the last good one stays: ${reason}`, 'look into nginx’s error log');
}
