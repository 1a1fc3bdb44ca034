import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const folder = mkdtempSync(join(tmpdir(), 'ngx-fido2-child-'));
const script = join(folder, 'child.mjs');

/** Bundles child.ts once for all tests of a file. Returns what removes it. */
export function buildChild(): () => void {
  buildSync({
    entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'child.ts')],
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  });
  return () => rmSync(folder, { recursive: true, force: true });
}

export interface ChildEnd {
  readonly killed: boolean;
  readonly code: number | null;
  /** What it acknowledged: `{done}`, `{log}`. */
  readonly lines: readonly Record<string, unknown>[];
  readonly errors: string;
}

export function runChild(root: string, job: string, step = 0, argument = ''): Promise<ChildEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, root, job, String(step), argument]);
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const lines = output.split('\n').filter((line) => line !== '');
      resolve({ killed: signal === 'SIGKILL', code, lines: lines.map((line) => JSON.parse(line)), errors });
    });
  });
}
