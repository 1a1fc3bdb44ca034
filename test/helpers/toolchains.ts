import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder, runProgram } from './command.ts';

/** Libraries of other languages that the documents name, each fetched once by its own client into build/. */
const home = join(projectFolder, 'build/toolchains');

const python = ['pyjwt[crypto]==2.15.1', 'jmespath==1.1.0', 'radicale==3.9.0'];
const goModule = 'module verify\n\ngo 1.22\n\nrequire github.com/coreos/go-oidc/v3 v3.21.0\n';
const nimbus = 'com.nimbusds:nimbus-jose-jwt:10.10';

/** A folder for PYTHONPATH. */
export function pythonLibraries(): Promise<string> {
  return once('python', async (folder) => {
    const pip = ['python3', '-m', 'pip', 'install', '-q', '--timeout', '20', '--target', folder];
    await must([...pip, ...python]);
  });
}

/** A folder with go.mod and go.sum, which a program is built in. */
export function goModules(): Promise<string> {
  return once('go', async (folder) => {
    writeFileSync(join(folder, 'go.mod'), goModule);
    writeFileSync(
      join(folder, 'deps.go'),
      'package main\n\nimport _ "github.com/coreos/go-oidc/v3/oidc"\n\nfunc main() {}\n',
    );
    await must(['go', 'mod', 'tidy'], folder);
    // the toolchain of the line in go.mod, if this one is older, and what it compiles: now and not in a test
    await must(['go', 'build', '-o', join(folder, 'deps'), '.'], folder);
    rmSync(join(folder, 'deps.go'));
  });
}

/** A folder of jars, and of nothing else. */
export function javaLibraries(): Promise<string> {
  return once('java', async (folder) => {
    await must(['javac', '-version']);
    await must(['mvn', '-q', '-B', 'dependency:copy', `-Dartifact=${nimbus}`, `-DoutputDirectory=${folder}`], folder);
  });
}

async function once(name: string, fetch: (folder: string) => Promise<void>): Promise<string> {
  const installed = join(home, name);
  if (existsSync(installed)) return installed;
  mkdirSync(home, { recursive: true });
  // two workers may come here at once: each fetches for itself, the first in place stays
  const own = mkdtempSync(join(home, 'fetch-'));
  await fetch(own);
  if (existsSync(installed)) rmSync(own, { recursive: true });
  else renameSync(own, installed);
  return installed;
}

async function must(command: readonly string[], cwd?: string): Promise<void> {
  const { status, stdout, stderr } = await runProgram(command, cwd === undefined ? {} : { cwd });
  if (status !== 0) throw new Error(`${stderr}${stdout}`.trim().split('\n').at(-1));
}
