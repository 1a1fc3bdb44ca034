import { type ChildProcess, spawn } from 'node:child_process';

/** A process that must live as long as the site. */
export interface Service {
  readonly name: string;
  readonly pid: number | undefined;
  /** Settles when the process has ended, with its exit status (null: by a signal or never started). */
  readonly ended: Promise<number | null>;
  /** What it wrote to its standard error last. */
  lastLines(): string[];
  /** Asks it to end, and makes it end after five seconds. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** Receives standard error. */
  readonly log: (text: string) => void;
}

const patience = 5_000;

export function startService(name: string, command: readonly string[], { log }: ServiceOptions): Service {
  const [program = '', ...args] = command;
  // a group of its own: the terminal's Ctrl-C reaches only the one who stops everything in order
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let tail = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-16_384);
    log(text);
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      tail += `${error.message}\n`;
      resolve(null);
    });
    child.on('exit', (status) => resolve(status));
  });
  return {
    name,
    pid: child.pid,
    ended,
    lastLines: () => tail.trimEnd().split('\n'),
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => killGroup(child.pid), patience);
      await ended;
      clearTimeout(timer);
      killGroup(child.pid);
    },
  };
}

/** A master that was killed leaves its workers behind, so the whole group goes. */
function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
