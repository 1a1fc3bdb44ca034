/**
 * Everything that `npm test` checks: format and lint, types, the build, then vitest, with real tools obtained where
 * this machine lets us. Arguments name the test files that vitest runs (default: all). The last line is
 * `N passed, N failed, N skipped`.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTypes } from './types.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const report = join(root, 'build/test-results.json');
const busybox = '/bin/busybox';
const chromiumPath = process.env.CHROMIUM_BIN ?? '/usr/bin/chromium';

/** Exit status of a program that writes to this terminal; 127 if there is no such program. */
function run(command, args, env = {}) {
  return new Promise((resolve) => {
    const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } };
    const child = spawn(command, args, options);
    child.on('error', () => resolve(127));
    child.on('exit', (status) => resolve(status ?? 1));
  });
}

async function one(name, command, args) {
  console.log(`\n${name}`);
  const passed = (await run(command, args)) === 0;
  if (!passed) console.log(`failed: ${name}`);
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
}

/** Debian's Chromium if root may install it; false, with the reason in one line, if it cannot be had. */
async function obtainChromium() {
  if (existsSync(chromiumPath)) return true;
  if (process.getuid?.() !== 0) {
    console.log(
      'chromium is missing and only root may install it: browser tests are skipped (apt-get install chromium)',
    );
    return false;
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['-qq', 'update'], env);
  const packages = ['chromium', 'fonts-dejavu-core'];
  await run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...packages], env);
  if (existsSync(chromiumPath)) return true;
  console.log('chromium cannot be installed by apt-get: browser tests are skipped');
  return false;
}

/** A Docker engine that answers, or Debian's with the shell of the test's image, which the tests start themselves. */
async function obtainDocker() {
  if ((await run('sh', ['-c', 'docker version >/dev/null 2>&1'])) === 0 && existsSync(busybox)) return true;
  if (process.getuid?.() !== 0) {
    console.log('no Docker engine answers and only root may start one: container tests are skipped');
    return false;
  }
  const missing = [existsSync('/usr/sbin/dockerd') ? [] : 'docker.io', existsSync(busybox) ? [] : 'busybox-static'];
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  if (missing.flat().length > 0) {
    await run('apt-get', ['-qq', 'update'], env);
    await run('apt-get', ['-qq', '-y', '--no-install-recommends', 'install', ...missing.flat()], env);
  }
  if (existsSync('/usr/sbin/dockerd') && existsSync(busybox)) return true;
  console.log('Docker cannot be installed by apt-get: container tests are skipped');
  return false;
}

async function obtainNginx() {
  if ((await run(process.execPath, ['build/ngx-fido2', 'find-nginx'])) === 0) return true;
  console.log('no nginx can be had: the tests that run nginx are skipped');
  return false;
}

/** Minutes of compiling on a fresh clone: begun first, and waited for by the tests that need it. */
function beginMeshTools(filters) {
  if (filters.length > 0) return;
  const build = spawn(process.execPath, ['test/mesh/tools/build.mjs'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  build.on('error', (error) => console.log(`the tools of the meshes are not built: ${error.message}`));
  build.unref();
}

async function vitest(filters) {
  rmSync(report, { force: true });
  mkdirSync(dirname(report), { recursive: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const status = await run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...reporters, ...filters]);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status: file, assertionResults } of testResults) {
    const before = counts.failed;
    for (const { status: test } of assertionResults) {
      counts[test === 'passed' || test === 'failed' ? test : 'skipped'] += 1;
    }
    // a file that does not even load has no tests to count
    if (file === 'failed' && counts.failed === before) counts.failed += 1;
  }
  if (status !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

beginMeshTools(process.argv.slice(2));
const results = [
  await one('format and lint', process.execPath, [
    'node_modules/@biomejs/biome/bin/biome',
    'ci',
    `--colors=${process.stdout.isTTY ? 'force' : 'off'}`,
    '.',
  ]),
  await checkTypes(),
  await one('build', process.execPath, ['esbuild.config.mjs']),
];
const tools = [await obtainNginx(), await obtainChromium(), await obtainDocker()];
results.push(await vitest(process.argv.slice(2)));

const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const missing = process.env.CI === 'true' && tools.includes(false);
if (missing) console.log('CI=true asks for every test to run, and a tool for some is missing');
process.exitCode = sum('failed') > 0 || missing ? 1 : 0;
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`);
