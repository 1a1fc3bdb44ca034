import { webcrypto } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Nginx } from '../../src/cli/nginx-binary.ts';
import { projectRoot } from '../../src/cli/project-root.ts';
import { verifyMlDsa } from '../../src/crypto/ml-dsa.ts';
import { createVerifier } from '../../src/crypto/verify.ts';
import { get } from '../ceremonies.ts';
import { type RunningNginx, startNginx } from '../nginx.ts';
import { cpuTime, privateDirty } from '../processes.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { makeSamples, type Sample } from './samples.ts';
import { verifySample } from './verify-sample.ts';

/** Those that verify, ours in Node first: the others are set against it. */
export const engines = ['node', 'nginx', 'portable', 'simplewebauthn', 'fido2lib'] as const;
export type Engine = (typeof engines)[number];

/** Microseconds of processor time for one verification, and against ours in Node in the same round. */
export interface Cost {
  readonly time: Spread;
  readonly ratio: Spread;
}

export interface Verification {
  readonly kind: Sample['kind'];
  readonly name: string;
  /** null for an engine that does not verify this. */
  readonly costs: Readonly<Record<Engine, Cost | null>>;
}

export interface Verifications {
  readonly rows: readonly Verification[];
  /** Kilobytes that are the worker's own after its first verification, and after all. */
  readonly memory: { readonly first: number; readonly last: number };
}

/** Verifies a sample so many times; microseconds of processor time of all. */
type Run = (sample: number, count: number) => Promise<number>;

/** Every format and algorithm by every engine in turn, `rounds` times, each for about `milliseconds`. */
export async function measureVerification(
  nginx: Nginx,
  folder: string,
  plan: { readonly rounds: number; readonly milliseconds: number },
  note: (line: string) => void,
): Promise<Verifications> {
  const samples = makeSamples();
  const running = await startVerifying(nginx, join(folder, 'verify'), samples);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const runs = { ...nginxRuns(running, agent), ...(await nodeRuns(samples)) };
    await runs.nginx(0, 1);
    const first = privateDirty(running.worker);
    const rows: Verification[] = [];
    for (const [index, { kind, name }] of samples.entries()) {
      note(`verify: ${kind} ${name}`);
      rows.push({ kind, name, costs: await measureSample(index, runs, plan) });
    }
    return { rows, memory: { first, last: privateDirty(running.worker) } };
  } finally {
    agent.destroy();
    await running.stop();
  }
}

async function measureSample(
  index: number,
  runs: Readonly<Partial<Record<Engine, Run>>>,
  { rounds, milliseconds }: { readonly rounds: number; readonly milliseconds: number },
): Promise<Verification['costs']> {
  const times: Partial<Record<Engine, number[]>> = {};
  const counts: Partial<Record<Engine, number>> = {};
  for (const engine of engines) {
    const once = await timeOf(engine, runs[engine], index, 2);
    if (once === null) continue;
    counts[engine] = Math.min(2000, Math.max(1, Math.round((milliseconds * 1000) / once)));
    times[engine] = [];
  }
  for (let round = 0; round < rounds; round++)
    for (const engine of engines) {
      const time = await timeOf(engine, runs[engine], index, counts[engine] ?? 0);
      if (time !== null) times[engine]?.push(time);
    }
  const own = times.node ?? [];
  const costOf = (engine: Engine): Cost | null => {
    const all = times[engine];
    if (all === undefined) return null;
    return { time: spreadOf(all), ratio: spreadOf(all.map((time, round) => time / (own[round] ?? Number.NaN))) };
  };
  return {
    ...{ node: costOf('node'), nginx: costOf('nginx'), portable: costOf('portable') },
    ...{ simplewebauthn: costOf('simplewebauthn'), fido2lib: costOf('fido2lib') },
  };
}

/** Microseconds of one verification; null where another library refuses the sample, or is not installed. */
async function timeOf(engine: Engine, run: Run | undefined, sample: number, count: number): Promise<number | null> {
  if (run === undefined || count === 0) return null;
  try {
    return (await run(sample, count)) / count;
  } catch (error) {
    if (engine === 'simplewebauthn' || engine === 'fido2lib') return null;
    throw error;
  }
}

function nginxRuns({ port, worker }: RunningNginx, agent: Agent): Record<'nginx' | 'portable', Run> {
  const runIn =
    (mode: 'auto' | 'portable'): Run =>
    async (sample, count) => {
      const before = cpuTime(worker);
      const { status } = await get(agent, port, `/?sample=${sample}&count=${count}&mode=${mode}`, '');
      if (status !== 200) throw new Error(`nginx answered ${status}`);
      return cpuTime(worker) - before;
    };
  return { nginx: runIn('auto'), portable: runIn('portable') };
}

async function nodeRuns(samples: readonly Sample[]): Promise<Partial<Record<Engine, Run>>> {
  const verifier = createVerifier({ subtle: webcrypto.subtle, mode: 'auto', mlDsa: verifyMlDsa });
  const runOf =
    (verify: (sample: Sample) => Promise<void>): Run =>
    async (index, count) => {
      const sample = samples[index];
      if (sample === undefined) throw new RangeError('there is no such sample');
      const before = process.cpuUsage();
      for (let i = 0; i < count; i++) await verify(sample);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
  const own = { node: runOf((sample) => verifySample(sample, verifier)) };
  const bench = join(projectRoot(), 'bench');
  if (!existsSync(join(bench, 'node_modules/fido2-lib'))) return own;
  const peers: Readonly<Record<'simplewebauthn' | 'fido2lib', (sample: Sample) => Promise<void>>> = await import(
    pathToFileURL(join(bench, 'peers/verifiers.mjs')).href
  );
  return { ...own, simplewebauthn: runOf(peers.simplewebauthn), fido2lib: runOf(peers.fido2lib) };
}

/** An nginx whose only location verifies samples in QuickJS. */
async function startVerifying(nginx: Nginx, folder: string, samples: readonly Sample[]): Promise<RunningNginx> {
  const result = await build({
    entryPoints: [join(projectRoot(), 'bench/verify/in-nginx.ts')],
    bundle: true,
    minify: true,
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    format: 'esm',
    target: 'es2022',
    define: { SAMPLES: JSON.stringify(samples) },
    logLevel: 'warning',
  });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'verify.js'), result.outputFiles[0]?.text ?? '');
  return startNginx(nginx, {
    folder,
    withJavaScript: true,
    http: (port) => `    js_path ${folder};
    server {
        listen 127.0.0.1:${port};
        location / {
            js_engine qjs;
            js_import verify from verify.js;
            js_content verify.verify;
        }
    }`,
  });
}
