/**
 * What `npm start`, `npm test` and `npm run build`, `bench` and `fuzz` run, on a fresh clone too: installs and builds
 * what is missing or older than its sources, then hands over. Only Node's own modules are there at this point.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Each task: whether it needs the development dependencies, whether the bundles, and what it hands over to. */
const tasks = {
  start: { development: false, build: true, program: ['build/ngx-fido2', 'start'] },
  'demo:mesh': { development: false, build: true, program: ['build/ngx-fido2', 'start', '--mesh'] },
  build: { development: false, build: false, program: ['esbuild.config.mjs'] },
  test: { development: true, build: false, program: ['test/run.mjs'] },
  bench: { development: true, build: true, program: ['bench/run.mjs'] },
  fuzz: { development: true, build: false, program: ['test/fuzz/run.mjs'] },
};

/** Runs a program with the terminal of this one and passes signals on; its exit status. */
function run(command, args, stdout = 'inherit') {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['inherit', stdout, 'inherit'] });
    const pass = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
    child.on('error', (error) => {
      console.error(`error: ${command} does not start: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (status, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, pass);
      resolve(status ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function time(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newest(path) {
  if (!existsSync(path)) return 0;
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), mtimeMs);
}

/** npm writes this file last, so it tells when and, by the folder of a test tool, what was installed. */
function isInstalled(development) {
  const installed = time(join(root, 'node_modules/.package-lock.json'));
  const complete = !development || existsSync(join(root, 'node_modules/vitest/package.json'));
  return complete && installed >= time(join(root, 'package-lock.json'));
}

const scripts = [
  'fido2_gate.js',
  'fido2.js',
  'fido2_enrol.js',
  'fido2_pages.js',
  'fido2_user.js',
  'fido2_txn.js',
  'fido2_ml_dsa.js',
];
const bundles = [...scripts, 'ngx-fido2'];

function isBuilt() {
  const sources = ['src', 'esbuild.config.mjs', 'package-lock.json'].map((name) => newest(join(root, name)));
  return bundles.every((name) => time(join(root, 'build', name)) >= Math.max(...sources));
}

/** Runs a step whose own output is progress, and ends with its status and a hint if it fails. */
async function step(what, command, args, hint) {
  console.error(what);
  const status = await run(command, args, process.stderr);
  if (status === 0) return;
  console.error(`error: ${what} failed\nhint: ${hint}`);
  process.exit(status);
}

const [name = '', ...args] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
if (task === undefined) {
  console.error(`error: there is no task "${name}"\nhint: one of ${Object.keys(tasks).join(', ')}`);
  process.exit(2);
}
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(`error: Node ${process.versions.node} is too old\nhint: install Node 20 or newer`);
  process.exit(1);
}
if (!isInstalled(task.development)) {
  const which = task.development ? '--include=dev' : '--omit=dev';
  const hint = 'look at the lines above; a network connection is needed once';
  await step(
    'installing dependencies',
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts', which],
    hint,
  );
}
if (task.build && !isBuilt()) {
  await step('building', process.execPath, ['esbuild.config.mjs'], 'look at the lines above');
}
process.exitCode = await run(process.execPath, [...task.program, ...args]);
