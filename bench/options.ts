import { parseArgs } from 'node:util';
import { CommandError } from '../src/cli/command-error.ts';

export const parts = ['instructions', 'throughput', 'memory', 'policies', 'logins', 'verify', 'hop'] as const;
export type Part = (typeof parts)[number];

export interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly help: boolean;
  readonly only: readonly Part[];
}

export const usage = `npm run bench -- [options]

Measures the gate beside the same proxy without it, and logins, on this machine's loopback; and
the verification of each format and algorithm beside other libraries; and a hop into a mesh.
The table goes to standard output, everything else to standard error, all figures to build/bench.json.

  --only PART   instructions, throughput, memory, policies, logins, verify or hop; may be repeated
  --quick       fewer and shorter rounds: to see that it works, not for figures
  --json        the figures as JSON instead of tables
  --help        this text

NGINX_BIN names the nginx to measure. Instructions and policies need valgrind.`;

/** Throws CommandError for an argument that there is not. */
export function parseOptions(args: string[]): Options {
  const boolean = { type: 'boolean', default: false } as const;
  try {
    const { values } = parseArgs({
      args,
      options: { only: { type: 'string', multiple: true }, quick: boolean, json: boolean, help: boolean },
    });
    const only = (values.only ?? []).map((name) => {
      const part = parts.find((each) => each === name);
      if (part === undefined) throw new TypeError(`there is no part "${name}"`);
      return part;
    });
    return { ...values, only: only.length === 0 ? parts : only };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandError(error.message, 'npm run bench -- --help', 2);
  }
}
