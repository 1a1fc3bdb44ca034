import { spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectFolder, runProgram } from '../helpers/command.ts';

let folder: string;

/** A project in which npm, the build and the programs only note that they ran. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fido2-bootstrap-'));
  const note = (what: string) =>
    `import { appendFileSync } from 'node:fs';\nappendFileSync('${folder}/ran', '${what}\\n');\n`;
  write('src/cli/bootstrap.mjs', readFileSync(join(projectFolder, 'src/cli/bootstrap.mjs'), 'utf8'));
  write('package.json', '{"type":"module"}');
  write('package-lock.json', '{}');
  write(
    'esbuild.config.mjs',
    `${note('build')}import { cpSync } from 'node:fs';\n${bundles.map((name) => `cpSync('program.mjs', 'build/${name}');`).join('\n')}`,
  );
  write('build/.keep', '');
  write(
    'program.mjs',
    `${note('program')}appendFileSync('${folder}/ran', process.argv.slice(2).join(' ') + '\\n');\nprocess.exitCode = Number(process.env.STATUS ?? 0);\n`,
  );
  cpSync(join(folder, 'program.mjs'), join(folder, 'test/run.mjs'));
  write(
    'bin/npm',
    `#!/bin/sh\necho "npm $*" >> ${folder}/ran\nmkdir -p ${folder}/node_modules\ncase "$*" in *include=dev*) mkdir -p ${folder}/node_modules/vitest; echo {} > ${folder}/node_modules/vitest/package.json;; esac\necho {} > ${folder}/node_modules/.package-lock.json\nexit \${NPM_STATUS:-0}\n`,
  );
  chmodSync(join(folder, 'bin/npm'), 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

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

function write(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

async function bootstrap(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  rmSync(join(folder, 'ran'), { force: true });
  const finished = await runProgram([process.execPath, 'src/cli/bootstrap.mjs', ...args], {
    cwd: folder,
    env: { ...env, PATH: `${folder}/bin:${process.env.PATH}` },
  });
  const ran = existsSync(join(folder, 'ran')) ? readFileSync(join(folder, 'ran'), 'utf8').trim().split('\n') : [];
  return { ...finished, ran };
}

/** As if changed after everything else. */
function touch(name: string): void {
  const later = new Date(Date.now() + 60_000);
  utimesSync(join(folder, name), later, later);
}

describe('start', () => {
  test('installs and builds what is missing, then runs with its arguments', async () => {
    const { status, ran } = await bootstrap(['start', '--port', '0']);
    expect(status).toBe(0);
    expect(ran).toEqual([expect.stringMatching(/^npm ci .*--omit=dev$/), 'build', 'program', 'start --port 0']);
  });

  test('does neither again', async () => {
    await bootstrap(['start']);
    expect((await bootstrap(['start'])).ran).toEqual(['program', 'start']);
  });

  test('builds again when a source is newer', async () => {
    await bootstrap(['start']);
    touch('src/cli/bootstrap.mjs');
    expect((await bootstrap(['start'])).ran).toEqual(['build', 'program', 'start']);
  });

  test('installs again when the lockfile is newer', async () => {
    await bootstrap(['start']);
    touch('package-lock.json');
    expect((await bootstrap(['start'])).ran[0]).toMatch(/^npm ci/);
  });

  test('keeps standard output for the program', async () => {
    write('esbuild.config.mjs', `console.log('sizes');`);
    expect((await bootstrap(['start'])).stdout).toBe('');
  });

  test('passes the exit status on', async () => {
    expect((await bootstrap(['start'], { STATUS: '7' })).status).toBe(7);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('passes %s on and ends with the status of the program', async (signal) => {
    await bootstrap(['start']);
    write(
      'build/ngx-fido2',
      `process.on('${signal}', () => process.exit(5));\nconsole.log('up');\nsetInterval(() => {}, 1000);\n`,
    );
    const child = spawn(process.execPath, ['src/cli/bootstrap.mjs', 'start'], { cwd: folder });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill(signal);
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(5);
  });
});

test('test installs the development tools too, also after a start installed the rest', async () => {
  await bootstrap(['start']);
  const { ran } = await bootstrap(['test', 'some.test.ts']);
  expect(ran).toEqual([expect.stringMatching(/^npm ci .*--include=dev$/), 'program', 'some.test.ts']);
  expect((await bootstrap(['test', 'x'])).ran).toEqual(['program', 'x']);
});

test('build always builds, and its sizes are its output', async () => {
  await bootstrap(['build']);
  expect((await bootstrap(['build'])).ran).toEqual(['build']);
  write('esbuild.config.mjs', `console.log('sizes');`);
  expect((await bootstrap(['build'])).stdout).toBe('sizes\n');
});

describe('what fails', () => {
  test('an installation ends it with an error and a hint', async () => {
    const { status, stderr, ran } = await bootstrap(['start'], { NPM_STATUS: '3' });
    expect({ status, ran }).toEqual({ status: 3, ran: [expect.stringMatching(/^npm ci/)] });
    expect(stderr).toMatch(/error: [^\n]+\nhint: [^\n]+\n$/);
  });

  test('a build ends it and nothing is run', async () => {
    write('esbuild.config.mjs', 'process.exitCode = 1;');
    const { status, ran } = await bootstrap(['start']);
    expect(status).toBe(1);
    expect(ran).toHaveLength(1);
  });

  test.each(['', 'nope', 'constructor'])('task "%s" is wrong usage', async (name) => {
    expect((await bootstrap([name])).status).toBe(2);
  });
});
