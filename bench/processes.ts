import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

/** A program that a measurement needs while it runs. */
export interface Running {
  readonly pid: number;
  /** Ends it by the signal, insists after three seconds, and waits until it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

const patience = 300_000;
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Starts a program whose output goes to the file `log` and waits until something listens on `port` of 127.0.0.1. */
export async function startListening(command: readonly string[], port: number, log: string): Promise<Running> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const output = createWriteStream(log, { flags: 'a' });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  let ended: string | null = null;
  const end = new Promise<void>((resolve) => {
    const settle = (reason: string) => {
      ended = reason;
      children.delete(child);
      output.end(resolve);
    };
    child.once('error', (error) => settle(error.message));
    child.once('close', (status) => settle(`status ${status}`));
  });
  const deadline = Date.now() + patience;
  while (!(await isListening(port))) {
    if (ended !== null) throw new Error(`${program} ended (${ended}):\n${tail(log)}`);
    if (Date.now() > deadline) throw new Error(`${program} does not listen on port ${port}:\n${tail(log)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    pid: child.pid ?? 0,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const insist = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await end;
      clearTimeout(insist);
    },
  };
}

/** A port of 127.0.0.1 that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Waits for the first process that `pid` starts: nginx listens before it has a worker. */
export async function firstChild(pid: number): Promise<number> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const [first = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    if (first !== '') return Number(first);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${pid} starts none`);
}

/** Microseconds that all threads of a process have spent on a processor, in user space and in the kernel. */
export function cpuTime(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1_000)
    .reduce((sum, time) => sum + time, 0);
}

/** Kilobytes of memory that are the process's own and changed. */
export function privateDirty(pid: number): number {
  return Number(/^Private_Dirty:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-12).join('\n');
}
