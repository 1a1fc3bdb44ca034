import { spawn } from 'node:child_process';

export interface ProcessResult {
  /** Exit status; null when the program could not be started or was stopped. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the program is stopped; default 60,000. */
  readonly timeout?: number;
  /** Called with standard error so far; the program is stopped once it returns true. */
  readonly until?: (stderr: string) => boolean;
}

/** Runs a program to its end and collects what it wrote. A program that cannot be started is a result, not an error. */
export function runProcess(command: readonly string[], options: ProcessOptions = {}): Promise<ProcessResult> {
  const [program = '', ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, LC_ALL: 'C', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    const timer = setTimeout(() => child.kill('SIGTERM'), options.timeout ?? 60_000);
    const giveUp = setTimeout(() => child.kill('SIGKILL'), (options.timeout ?? 60_000) + 2_000);
    const leave = (): boolean => child.kill('SIGTERM');
    process.once('exit', leave);
    const settle = (status: number | null): void => {
      process.off('exit', leave);
      clearTimeout(timer);
      clearTimeout(giveUp);
      resolve({ status, stdout, stderr });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      if (options.until?.(stderr) === true) child.kill('SIGTERM');
    });
    child.on('error', (error) => {
      stderr += error.message;
      settle(null);
    });
    child.on('close', settle);
    // A grandchild that holds the pipes open must not hold us up; what has come by then is read first.
    child.on('exit', (status) => setTimeout(() => setImmediate(settle, status), 500).unref());
  });
}
