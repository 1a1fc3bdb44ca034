import { closeSync, constants, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Settings } from '../../policy/settings.ts';
import { CommandError } from '../command-error.ts';
import { storeFolder } from '../installation.ts';
import { findNginx, type Nginx } from '../nginx-binary.ts';
import { renderConf } from '../nginx-conf.ts';
import { printProgress } from '../output.ts';
import { asOwner, type Owner } from '../owner.ts';
import { projectRoot } from '../project-root.ts';
import { runProcess } from '../run-process.ts';
import { announce } from './announce.ts';
import { prepareDataFolder } from './data-folder.ts';
import { demoConf } from './demo-conf.ts';
import { localOrigin, prepareSettings } from './demo-data.ts';
import { prepareMesh } from './demo-mesh.ts';
import { awaitHealth, awaitListening, unexpectedEnd } from './health.ts';
import { holderOfSocket } from './holder.ts';
import { chooseListening, isAnswered, reachable } from './listen.ts';
import { type Service, startService } from './service.ts';

export interface StartOptions {
  readonly port: number;
  readonly data: string;
  readonly listen: string | undefined;
  readonly nginx: string | undefined;
  /** nginx's worker_processes. */
  readonly workers: string;
  readonly crypto: string | undefined;
  readonly browser: boolean;
  /** Whether Envoys stand between nginx and the application. */
  readonly mesh: boolean;
}

/** What must be undone at the end, in order of its making. */
interface Undo {
  readonly services: Service[];
  readonly steps: (() => void)[];
}

/** Runs the trial site until SIGINT or SIGTERM. Throws CommandError where it cannot start or does not stay up. */
export async function start(options: StartOptions): Promise<void> {
  const stopped = stopSignal();
  for (let attempt = 0; ; attempt++) {
    try {
      return await runSite(options, stopped);
    } catch (error) {
      // a free port may be taken between its choice and nginx's start
      const taken = error instanceof CommandError && error.message.includes('Address already in use');
      if (!taken || options.port !== 0 || attempt === 3) throw error;
    }
  }
}

async function runSite(options: StartOptions, stopped: Promise<void>): Promise<void> {
  const undo: Undo = { services: [], steps: [] };
  try {
    await Promise.race([bringUp(options, undo), stopped]);
    await Promise.race([stopped, ...undo.services.map(unexpectedEnd)]);
  } finally {
    for (const service of [...undo.services].reverse()) await service.stop();
    for (const step of [...undo.steps].reverse()) step();
  }
}

async function bringUp(options: StartOptions, undo: Undo): Promise<void> {
  const listening = await chooseListening(options.port, options.listen);
  const origin = localOrigin(listening.port);
  const { path, owner } = prepareDataFolder(options.data);
  const isRoot = process.geteuid?.() === 0;
  printProgress(`  data     ${path} (0700)${isRoot ? `; it and nginx's workers belong to ${owner.name}` : ''}`);
  const settings = asOwner(owner, () => {
    for (const name of ['run', 'logs', 'store']) mkdirSync(join(path, name), { recursive: true, mode: 0o700 });
    return prepareSettings(path, origin, options.crypto, printProgress);
  });
  const store = storeFolder(path, settings);
  // root reads no configuration that the workers' user could change
  const folder = isRoot ? temporaryFolder(undo) : join(path, 'nginx');
  const run = asOwner(owner, () => runFolder(path, undo));
  const nginx = await findNginx({
    nginx: options.nginx,
    folders: [path, folder, run],
    onProgress: (line) => printProgress(`  ${line}`),
  });
  printProgress(`  nginx    ${nginx.version} + njs ${nginx.njsVersion}, ${sources[nginx.source]}`);

  const upstream = join(run, 'upstream.sock');
  await requireUnused(path, join(run, 'fido2.sock'));
  // a socket that a killed nginx left behind would keep this one from listening
  for (const name of ['fido2.sock', 'upstream.sock']) rmSync(join(run, name), { force: true });
  const fido2 = join(folder, 'fido2');
  renderConf({ scripts: fido2, settings: join(path, 'fido2.json'), data: store, run }, settings.rp.origins);
  mkdirSync(join(folder, 'temp'), { recursive: true });
  const workerUser = isRoot ? owner : null;
  const jwks = `${reachable(listening)}/fido2/jwks.json`;
  const onProgress = (line: string) => printProgress(`  ${line}`);
  const mesh = options.mesh ? await prepareMesh({ folder, snippets: fido2, settings, jwks, onProgress }) : null;
  const site = { folder, modules: nginx.modules, workerUser, workers: options.workers, upstream };
  const conf = { ...site, listen: listening.addresses, workloads: mesh?.workloads ?? [] };
  writeFileSync(join(folder, 'nginx.conf'), demoConf(conf));

  const log = asOwner(owner, () => openLog(join(path, 'logs/error.log'), undo));
  const about = `nginx ${nginx.version}, njs ${nginx.njsVersion}`;
  const shown = ['--conf', join(folder, 'nginx.conf'), '--about', about, '--leave', '--data', path];
  const application = { settings, jwks, user: isRoot ? owner : null, shown };
  undo.services.push(startUpstream('the demo upstream', upstream, application, log));
  undo.services.push(startNginx(nginx, folder, log));
  await awaitHealth(`${reachable(listening)}/fido2/healthz`, undo.services, join(path, 'logs/error.log'));
  await awaitListening('the demo upstream', upstream, undo.services);
  if (mesh !== null) {
    const inMesh = { ...application, shown: [...shown, '--mesh', mesh.calls] };
    undo.services.push(startUpstream('the workload', String(mesh.applicationPort), inMesh, log));
    await awaitListening('the workload', mesh.applicationPort, undo.services);
    await mesh.start(undo.services, log);
    printProgress(`  mesh     ${mesh.workloads.map(({ name }) => name).join(', ')}: each behind an Envoy`);
  }
  announce(origin, await firstInviteOf(path), options.browser);
}

const sources: Readonly<Record<Nginx['source'], string>> = {
  option: 'as named',
  path: 'found on PATH',
  debian: "unpacked from Debian's packages, signature checked",
  docker: 'in a container of the official image',
};

function startNginx(nginx: Nginx, folder: string, log: (text: string) => void): Service {
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'];
  return startService('nginx', [...nginx.command, ...args], { log });
}

interface Application {
  readonly settings: Settings;
  readonly jwks: string;
  readonly user: Owner | null;
  readonly shown: readonly string[];
}

function startUpstream(
  name: string,
  where: string,
  { settings: { identity }, jwks, user, shown }: Application,
  log: (text: string) => void,
): Service {
  const expected = ['--jwks', jwks, '--issuer', identity.issuer, '--audience', identity.audience];
  const as = user === null ? [] : ['--as', `${user.uid}:${user.gid}`];
  return startService(name, [...ownCommand(), 'demo-upstream', '--listen', where, ...expected, ...as, ...shown], {
    log,
  });
}

async function requireUnused(data: string, socket: string): Promise<void> {
  if (!(await isAnswered(socket))) return;
  const holder = holderOfSocket(socket);
  const by = holder === null ? '' : ` (${holder})`;
  throw new CommandError(`another start runs on ${data}${by}`, 'stop it, or use another folder with --data DIR');
}

/** Asked of a process of its own, which becomes the folder's owner for good where this one is root. */
async function firstInviteOf(data: string): Promise<string | null> {
  const { status, stdout, stderr } = await runProcess([...ownCommand(), 'first-invite', '--data', data]);
  const refused = new CommandError(`no invite can be made: ${stderr.trim()}`, 'look at the owner of the data folder');
  if (status !== 0) throw refused;
  return stdout.trim() === '' ? null : stdout.trim();
}

function ownCommand(): string[] {
  return [process.execPath, join(projectRoot(), 'build/ngx-fido2')];
}

function temporaryFolder(undo: Undo): string {
  const folder = mkdtempSync(join(tmpdir(), 'ngx-fido2-'));
  undo.steps.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Where the sockets stand: in the data folder, unless its path is too long or too unusual for the path of one. */
function runFolder(data: string, undo: Undo): string {
  const folder = join(data, 'run');
  return /^[\w./-]{1,80}$/.test(folder) ? folder : temporaryFolder(undo);
}

/** Opened with the rights of the folder's owner, so that nothing put in its place is written to as root. */
function openLog(path: string, undo: Undo): (text: string) => void {
  const file = openSync(
    path,
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  undo.steps.push(() => closeSync(file));
  return (text) => {
    writeSync(file, text);
  };
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}
