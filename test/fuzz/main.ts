import { parseArgs } from 'node:util';
import { CommandError } from '../../src/cli/command-error.ts';
import { printError } from '../../src/cli/output.ts';
import { jazzerCommand } from '../helpers/jazzer.ts';
import { type FuzzResult, fuzz, prepareFuzzing } from './fuzzer.ts';

const usage = 'npm run fuzz -- --runs N | --seconds N [--target NAME] [--workers N]';

interface Options {
  readonly limit: { readonly runs: number } | { readonly seconds: number };
  readonly target: string | undefined;
  readonly workers: number;
}

function readOptions(): Options | null {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { runs: text, seconds: text, target: text, workers: text } });
  const [runs, seconds, workers] = [values.runs, values.seconds, values.workers ?? '1'].map(Number);
  if (workers === undefined || !(workers >= 1) || (values.runs === undefined) === (values.seconds === undefined))
    return null;
  const limit = values.runs === undefined ? { seconds: seconds ?? Number.NaN } : { runs: runs ?? Number.NaN };
  return Object.values(limit).every((each) => each >= 1) ? { limit, target: values.target, workers } : null;
}

/** The share of each of `count` targets in the whole. */
function shareOf({ limit, workers }: Options, count: number): Options['limit'] {
  if ('runs' in limit) return { runs: Math.ceil(limit.runs / count) };
  return { seconds: Math.max(1, Math.floor((limit.seconds * Math.min(workers, count)) / count)) };
}

async function run(options: Options): Promise<number> {
  const command = await jazzerCommand();
  const all = await prepareFuzzing();
  const waiting = all.filter((target) => options.target === undefined || target === options.target);
  if (waiting.length === 0)
    throw new CommandError(`there is no target ${options.target}`, `one of ${all.join(', ')}`, 2);
  const share = shareOf(options, waiting.length);
  const results: FuzzResult[] = [];
  const worker = async (): Promise<void> => {
    for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
      const start = Date.now();
      const result = await fuzz(command, target, share);
      results.push(result);
      const { executions, edges, finding } = result;
      const speed = Math.round(executions / ((Date.now() - start) / 1000));
      console.log(`${target.padEnd(12)} ${executions} executions, ${speed} a second, ${edges} edges`);
      if (finding !== null) console.log(finding);
    }
  };
  await Promise.all(Array.from({ length: options.workers }, worker));
  const found = results.filter(({ finding }) => finding !== null).map(({ target }) => target);
  const sum = results.reduce((total, { executions }) => total + executions, 0);
  console.log(`${sum} executions, ${found.length === 0 ? 'nothing found' : `findings in ${found.join(', ')}`}`);
  return found.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) throw new CommandError('say how long', usage, 2);
  return run(options);
}

process.exitCode = await main().catch(printError);
