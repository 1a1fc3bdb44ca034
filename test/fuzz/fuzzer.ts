import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectFolder } from '../helpers/command.ts';
import { makeSeeds } from './seeds.ts';

const folder = join(projectFolder, 'build/fuzz');
const jazzer = join(projectFolder, 'node_modules/@jazzer.js/core/dist/cli.js');

/**
 * Takes the place of esbuild's helper for async functions. Nothing that is fuzzed waits for the world, so such a
 * function can do all its steps at once and return or throw: libFuzzer then runs several times as many inputs.
 */
const atOnce = `__async = (self, args, generator) => {
  const steps = generator.apply(self, args);
  let step = steps.next();
  while (!step.done) step = steps.next(step.value);
  return step.value;
};`;

export interface FuzzResult {
  readonly target: string;
  readonly executions: number;
  /** Edges of our code that some input reached. */
  readonly edges: number;
  /** What was found; null if nothing was. */
  readonly finding: string | null;
}

/** Bundles the functions for jazzer.js, which instruments what is required, and writes the seeds; the targets' names. */
export async function prepareFuzzing(): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const { outputFiles } = await build({
    entryPoints: ['test/fuzz/targets.ts'],
    absWorkingDir: projectFolder,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    supported: { 'async-await': false },
    footer: { js: atOnce },
    logLevel: 'warning',
  });
  const [bundle] = outputFiles;
  if (bundle === undefined) throw new Error('esbuild wrote nothing');
  writeFileSync(join(folder, 'targets.cjs'), bundle.text);
  const { inputs, byTarget } = makeSeeds();
  writeFileSync(join(folder, 'inputs.json'), JSON.stringify(inputs));
  for (const [target, seeds] of Object.entries(byTarget)) {
    const corpus = join(folder, 'corpus', target);
    rmSync(corpus, { recursive: true, force: true });
    mkdirSync(corpus, { recursive: true });
    for (const seed of seeds) writeFileSync(join(corpus, createHash('sha1').update(seed).digest('hex')), seed);
  }
  return Object.keys(byTarget);
}

/** Runs libFuzzer on one target until it has made so many runs or so many seconds are over. */
export async function fuzz(
  command: readonly string[],
  target: string,
  limit: { readonly runs: number } | { readonly seconds: number },
  onOutput: (text: string) => void = () => {},
): Promise<FuzzResult> {
  const findings = join(folder, 'findings', target);
  mkdirSync(findings, { recursive: true });
  const corpus = join(folder, 'corpus', target);
  mkdirSync(corpus, { recursive: true });
  const args = [
    ...['--max-semi-space-size=4', jazzer, join(folder, 'targets.cjs'), corpus, '--sync'],
    ...['-i', 'targets.cjs', '--disable_bug_detectors=.*', '--'],
    'runs' in limit ? `-runs=${limit.runs}` : `-max_total_time=${limit.seconds}`,
    ...['-max_len=8192', '-timeout=20', '-rss_limit_mb=1024', '-len_control=20'],
    `-artifact_prefix=${findings}/`,
  ];
  const [program = '', ...rest] = command;
  const child = spawn(program, [...rest, ...args], {
    cwd: folder,
    env: { ...process.env, FUZZ_TARGET: target },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-100_000);
    onOutput(text);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const number = (pattern: RegExp): number => Number([...output.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return {
    target,
    executions: number(/^(?:#|Done )(\d+)\s/gm),
    edges: number(/cov: (\d+)/g),
    finding: status === 0 ? null : `${output.trim().slice(-3000)}\n${list(findings).join('\n')}`,
  };
}

const list = (path: string): string[] =>
  readdirSync(path).map((name) => `${join(path, name)}: ${hexOf(join(path, name))}`);
const hexOf = (path: string): string => readFileSync(path).subarray(0, 200).toString('hex');
