import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { caddyPath } from './caddy.ts';
import { envoyPath } from './envoy.ts';
import { jazzerCommand } from './jazzer.ts';
import { meshTools } from './mesh-tools.ts';
import { testNginx } from './nginx.ts';
import { goModules, javaLibraries, pythonLibraries } from './toolchains.ts';

const run = promisify(execFile);

/** Path of the Chromium that browser tests use. */
export const chromiumPath = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

const checks = {
  nginx: async () => (await testNginx()).version !== '',
  chromium: async () => existsSync(chromiumPath),
  docker: async () => (await run('docker', ['version', '--format', '{{.Server.Version}}'])).stdout.trim() !== '',
  envoy: async () => (await run(await envoyPath(), ['--version'])).stdout.includes('version'),
  'mesh tools': async () => (await meshTools()) !== '',
  caddy: async () => (await run(await caddyPath(), ['version'])).stdout !== '',
  python: async () => (await pythonLibraries()) !== '',
  go: async () => (await goModules()) !== '',
  java: async () => (await javaLibraries()) !== '',
  jazzer: async () => (await jazzerCommand()).length > 0,
  valgrind: async () => (await run('valgrind', ['--version'])).stdout.includes('valgrind'),
} as const satisfies Readonly<Record<string, () => Promise<boolean>>>;

/**
 * Whether this machine has the tool: `describe.runIf(await needs('docker'))`. Says in one line what is skipped for
 * want of it; with CI=true that is a failure instead.
 */
export async function needs(tool: keyof typeof checks): Promise<boolean> {
  let reason = 'it is not there';
  try {
    if (await checks[tool]()) return true;
  } catch (error) {
    reason = String((error as Error).message).split('\n')[0] ?? reason;
  }
  if (process.env.CI === 'true')
    throw new Error(`CI=true asks for every test to run, and ${tool} is missing: ${reason}`);
  console.log(`skipped for want of ${tool}: ${reason}`);
  return false;
}
