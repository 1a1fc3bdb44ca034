import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = join(dirname(fileURLToPath(import.meta.url)), '../..');

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with a closed or given standard input. */
export function runProgram(
  command: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Finished> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: options.cwd, env: { ...process.env, ...options.env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.end(options.input ?? '');
  });
}

/** Bundles the command from its sources as they are now. */
export async function buildCommand(): Promise<void> {
  const built = await runProgram([process.execPath, 'esbuild.config.mjs', 'ngx-fido2'], { cwd: projectFolder });
  if (built.status !== 0) throw new Error(`the command cannot be built:\n${built.stderr}`);
}

/** Runs the built command. */
export function ngxFido2(args: readonly string[], options: Parameters<typeof runProgram>[1] = {}): Promise<Finished> {
  return runProgram([process.execPath, join(projectFolder, 'build/ngx-fido2'), ...args], options);
}

export interface Trial {
  /** The folder that --data names. */
  readonly data: string;
  remove(): void;
}

/** An installation in a temporary folder. */
export function makeInstallation(settings: object = {}): Trial {
  const data = mkdtempSync(join(tmpdir(), 'fido2-cli-'));
  mkdirSync(join(data, 'store'), { mode: 0o700 });
  const document = { rp: { origins: ['http://localhost:8080'] }, store: { path: 'store' }, policies: { user: {} } };
  writeFileSync(join(data, 'fido2.json'), JSON.stringify({ ...document, ...settings }, null, 2));
  return { data, remove: () => rmSync(data, { recursive: true, force: true }) };
}
