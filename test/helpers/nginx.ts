import { type ChildProcess, spawn } from 'node:child_process';
import {
  appendFileSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach } from 'vitest';
import { findNginx, type Nginx } from '../../src/cli/nginx-binary.ts';
import { renderConf } from '../../src/cli/nginx-conf.ts';
import { type Owner, ownerOf, unprivilegedOwner } from '../../src/cli/owner.ts';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { isWebOrigin } from '../../src/policy/related-origins.ts';
import { cleanUp } from './cleanup.ts';
import { request } from './client.ts';
import { freePort } from './free-port.ts';
import { type SiteOptions, siteConf, siteSettings, useGateEngine } from './site-conf.ts';
import { identityPortsAs } from './store.ts';
import { waitFor } from './wait-for.ts';

export interface NginxOptions extends SiteOptions {
  /** False: wait for an answer of any status instead of a healthy one. */
  readonly fit?: boolean;
  /** Changes the folder before nginx starts, for example a mode or a snippet in `conf/fido2`. */
  readonly prepare?: (folder: string, owner: Owner) => void;
}

/** A real nginx in a folder of its own. */
export interface RunningNginx {
  readonly port: number;
  /** As browsers name it: `http://localhost:PORT`. */
  readonly origin: string;
  /** Folder of fido2.json, data/, run/, conf/, error.log. */
  readonly folder: string;
  /** The folder of the store, which belongs to the workers' user. */
  readonly data: string;
  readonly owner: Owner;
  /** The store as the command uses it. */
  readonly ports: IdentityPorts;
  readonly master: number;
  workers(): number[];
  /** Ends one worker by SIGKILL and waits for the one that takes its place. */
  kill(worker: number): Promise<void>;
  /** SIGHUP; waits for the new workers, or throws nginx's reason for keeping the old ones. */
  reload(): Promise<void>;
  /** Ends nginx and starts it again; waits until it is fit, or with false until it answers. */
  restart(fit?: boolean): Promise<void>;
  stop(): Promise<void>;
  /** Replaces fido2.json. nginx reads it at the next start or reload. */
  writeSettings(settings: unknown): void;
  errorLog(): string;
  audit(): Record<string, unknown>[];
}

const running = new Set<RunningNginx>();

// A failing test shows what nginx had to say while it ran.
beforeEach(({ onTestFailed }) => {
  const before = new Map([...running].map((nginx) => [nginx, nginx.errorLog().length]));
  onTestFailed(() => {
    for (const nginx of running) {
      const text = nginx.errorLog().slice(before.get(nginx) ?? 0);
      if (text !== '') console.log(`error log of nginx ${nginx.port}:\n${text}`);
    }
  });
});

let found: Promise<Nginx> | null = null;

/** The nginx of these tests; looked for once a file. */
export function testNginx(): Promise<Nginx> {
  found ??= findNginx();
  return found;
}

/** Starts nginx with ngx-fido2 as it is installed, on a free port, and waits until it is fit. */
export async function startNginx(options: NginxOptions = {}): Promise<RunningNginx> {
  const binary = await testNginx();
  const folder = mkdtempSync(join(tmpdir(), 'fido2-test-'));
  const removeFolder = cleanUp(() => rmSync(folder, { recursive: true, force: true }));
  const isRoot = process.geteuid?.() === 0;
  const owner = isRoot ? unprivilegedOwner() : ownerOf(folder);
  const data = join(folder, 'data');
  for (const name of ['data', 'run']) {
    mkdirSync(join(folder, name), { mode: 0o700 });
    if (isRoot) chownSync(join(folder, name), owner.uid, owner.gid);
  }
  if (isRoot) chownSync(folder, owner.uid, owner.gid);
  for (const name of ['conf', 'temp']) mkdirSync(join(folder, name), { mode: 0o755 });
  const log = join(folder, 'error.log');
  let port = 0;
  let child: ChildProcess | null = null;

  const writeSettings = (settings: unknown): void => {
    const path = join(folder, 'fido2.json');
    writeFileSync(path, typeof settings === 'string' ? settings : JSON.stringify(settings, null, 2), { mode: 0o600 });
    if (isRoot) chownSync(path, owner.uid, owner.gid);
  };
  const errorLog = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  const masterPid = (): number => {
    if (child?.pid === undefined) throw new Error('nginx is not running');
    return child.pid;
  };

  const render = (): void => {
    const settings = siteSettings(options, port, data);
    writeSettings(settings);
    const scripts = join(folder, 'conf/fido2');
    const origins = settings.rp.origins.filter(isWebOrigin);
    renderConf({ scripts, settings: join(folder, 'fido2.json'), data, run: join(folder, 'run') }, origins);
    useGateEngine(folder, options.engine ?? 'njs');
    const site = { folder, port, modules: binary.modules, user: isRoot ? owner.name : null };
    writeFileSync(join(folder, 'conf/nginx.conf'), siteConf(options, site));
  };

  /** False where somebody else took the port meanwhile. */
  const launch = async (fit: boolean): Promise<boolean> => {
    const before = errorLog().length;
    const arguments_ = ['-p', folder, '-c', join(folder, 'conf/nginx.conf'), '-e', log];
    const [program = '', ...rest] = binary.command;
    const started = spawn(program, [...rest, ...arguments_], { stdio: ['ignore', 'ignore', 'pipe'] });
    child = started;
    started.stderr?.on('data', (text: Buffer) => appendFileSync(log, text));
    const leave = (): boolean => started.kill('SIGTERM');
    process.once('exit', leave);
    started.once('exit', () => process.off('exit', leave));
    const isReady = async (): Promise<boolean> => {
      if (started.exitCode !== null || started.signalCode !== null) return true;
      const status = await statusOf({ port, origin: `http://localhost:${port}` });
      return fit ? status === 200 : status !== null;
    };
    await waitFor(isReady, 'nginx to be fit', errorLog);
    if (started.exitCode === null && started.signalCode === null) return true;
    const said = errorLog().slice(before);
    if (said.includes('Address already in use')) return false;
    throw new Error(`nginx does not start:\n${said}`);
  };

  const end = async (): Promise<void> => {
    const started = child;
    if (started === null || started.exitCode !== null || started.signalCode !== null) return;
    const ended = new Promise((resolve) => started.once('exit', resolve));
    started.kill('SIGTERM');
    const timer = setTimeout(() => started.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(timer);
  };

  const endAll = cleanUp(end);
  for (let attempt = 0; ; attempt++) {
    port = await freePort();
    render();
    options.prepare?.(folder, owner);
    if (await launch(options.fit ?? true)) break;
    if (attempt === 5) throw new Error('no port stays free');
  }

  const nginx: RunningNginx = {
    port,
    origin: `http://localhost:${port}`,
    folder,
    data,
    owner,
    ports: identityPortsAs(owner, data),
    get master() {
      return masterPid();
    },
    workers: () => workersOf(masterPid()),
    async kill(worker) {
      const count = nginx.workers().length;
      process.kill(worker, 'SIGKILL');
      const isReplaced = () => !nginx.workers().includes(worker) && nginx.workers().length === count;
      await waitFor(isReplaced, 'a new worker', errorLog);
    },
    async reload() {
      const before = errorLog().length;
      const old = nginx.workers();
      process.kill(masterPid(), 'SIGHUP');
      const emerg = (): string | undefined => /\[emerg\].*/.exec(errorLog().slice(before))?.[0];
      const isDone = (): boolean => {
        const now = nginx.workers();
        return emerg() !== undefined || (now.length > 0 && !now.some((worker) => old.includes(worker)));
      };
      await waitFor(isDone, 'the new workers', errorLog);
      if (emerg() !== undefined) throw new Error(`nginx keeps its old configuration: ${emerg()}`);
    },
    async restart(fit = true) {
      await end();
      if (!(await launch(fit))) throw new Error('the port was taken meanwhile');
    },
    async stop() {
      running.delete(nginx);
      await endAll();
      await removeFolder();
    },
    writeSettings,
    errorLog,
    audit() {
      const path = join(data, 'audit.log');
      const lines = existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
    },
  };
  running.add(nginx);
  return nginx;
}

async function statusOf(site: { port: number; origin: string }): Promise<number | null> {
  try {
    return (await request(site, { path: '/fido2/healthz' })).status;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return null;
    throw error;
  }
}

/** Workers that still accept; those that only finish what they have do not count. */
function workersOf(master: number): number[] {
  const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8').trim();
  return children
    .split(' ')
    .filter((pid) => /^\d+$/.test(pid))
    .map(Number)
    .filter((pid) => {
      const title = titleOf(pid);
      return title.includes('nginx: worker process') && !title.includes('shutting down');
    });
}

function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return '';
    throw error;
  }
}
