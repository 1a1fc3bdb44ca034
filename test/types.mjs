/**
 * Type-checks every tsconfig of the project, each for the runtime that its sources meet. Prints what fails; the
 * exported function answers how many held.
 */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const configurations = [
  'tsconfig.json',
  'src/nginx/tsconfig.json',
  'src/nginx/tsconfig.gate.json',
  'src/pages/browser/tsconfig.json',
];

function check(configuration) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['node_modules/typescript/bin/tsc', '-p', configuration], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    child.on('close', (status) => resolve({ configuration, status, text }));
  });
}

/** One test a configuration. */
export async function checkTypes() {
  let passed = 0;
  for (const configuration of configurations) {
    const { status, text } = await check(configuration);
    if (status === 0) passed += 1;
    else console.log(`types: ${configuration}\n${text}`);
  }
  return { passed, failed: configurations.length - passed, skipped: 0 };
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { failed } = await checkTypes();
  process.exitCode = failed === 0 ? 0 : 1;
}
