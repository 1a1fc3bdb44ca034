import { readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { runProcess } from '../src/cli/run-process.ts';
import { get } from './ceremonies.ts';
import type { RunningNginx } from './nginx.ts';
import { requestPath } from './rig.ts';

const warmUp = 50;

/** Why instructions cannot be counted here, or null. */
export async function instructionsUnavailable(nginx: Nginx): Promise<string | null> {
  if (nginx.source === 'docker') return 'nginx is in a container';
  const { status } = await runProcess(['valgrind', '--version']);
  return status === 0 ? null : 'valgrind is not installed';
}

export interface Counted {
  /** Names the files of the measurement. */
  readonly label: string;
  readonly folder: string;
  readonly start: (under: readonly string[]) => Promise<RunningNginx>;
  /** Runs before the warm-up. */
  readonly before?: (port: number) => Promise<void>;
  readonly warmUpCookie: string;
  readonly cookies: readonly string[];
}

/** User-space instructions of nginx for a request with each of the cookies, by callgrind: one after the other, after a warm-up. */
export async function countInstructions(counted: Counted): Promise<number> {
  const { label, folder, start, before, warmUpCookie, cookies } = counted;
  const out = join(folder, `callgrind.${label}`);
  const pipe = join(folder, `vgdb-${label}`);
  const valgrind = [
    'valgrind',
    '--tool=callgrind',
    `--callgrind-out-file=${out}`,
    '--vgdb=yes',
    `--vgdb-prefix=${pipe}`,
  ];
  const running = await start(valgrind);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const tell = async (command: string): Promise<void> => {
    const { status, stderr } = await runProcess(['vgdb', `--vgdb-prefix=${pipe}`, `--pid=${running.pid}`, command]);
    if (status !== 0) throw new Error(`vgdb ${command}: ${stderr}`);
  };
  const ask = async (cookie: string): Promise<void> => {
    const { status } = await get(agent, running.port, requestPath, cookie);
    if (status !== 200) throw new Error(`${label} answered ${status}`);
  };
  try {
    await before?.(running.port);
    for (let i = 0; i < warmUp; i++) await ask(warmUpCookie);
    await tell('zero');
    for (const cookie of cookies) await ask(cookie);
    await tell('dump');
  } finally {
    agent.destroy();
    // what valgrind does at an orderly end takes longer than the measurement
    await running.stop('SIGKILL');
  }
  const total = Number(/^(?:totals|summary): (\d+)/m.exec(readFileSync(`${out}.1`, 'utf8'))?.[1]);
  rmSync(`${out}.1`);
  return total / cookies.length;
}
