/** Bundles the benchmark, for Node 20 runs no TypeScript, and runs it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..');
const folder = join(root, 'build/bench');

if (['@simplewebauthn/server', 'fido2-lib'].some((name) => !existsSync(join(here, 'node_modules', name)))) {
  console.error('installing what is compared with');
  spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: here, stdio: 'inherit' });
}

mkdirSync(folder, { recursive: true });
await build({
  entryPoints: { main: 'bench/main.ts', 'session-service': 'bench/peers/session-service.ts' },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  absWorkingDir: root,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
await import(pathToFileURL(join(folder, 'main.mjs')).href);
