import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackDebianPackages } from '../../src/cli/debian-packages.ts';
import { cleanUp } from './cleanup.ts';
import { projectFolder } from './command.ts';
import { waitFor } from './wait-for.ts';

/** Path of Caddy: CADDY_BIN, or Debian's package, which is fetched once. */
export async function caddyPath(): Promise<string> {
  if (process.env.CADDY_BIN !== undefined) return process.env.CADDY_BIN;
  return unpackDebianPackages(join(projectFolder, 'build/caddy'), Date.now(), {
    label: 'caddy',
    packages: ['caddy'],
    missing: 'caddy',
    locate: (root) => [join(root, 'usr/bin/caddy')].find((path) => existsSync(path)) ?? null,
    onProgress: (line) => console.log(line),
  });
}

/** Runs Caddy with this Caddyfile until the file's last test; waits until `isReady`. */
export async function startCaddy(caddyfile: string, isReady: () => Promise<boolean>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-caddy-'));
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, caddyfile);
  const env = { ...process.env, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const args = ['run', '--config', file, '--adapter', 'caddyfile'];
  const child: ChildProcess = spawn(await caddyPath(), args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr?.on('data', (text) => {
    log += text;
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  cleanUp(async () => {
    if (isRunning()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const context = () => log.slice(-3000);
  await waitFor(
    () => {
      if (!isRunning()) throw new Error(`Caddy has ended:\n${context()}`);
      return isReady();
    },
    'Caddy to be ready',
    context,
  );
}
