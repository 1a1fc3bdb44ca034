import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder, runProgram } from './command.ts';

type Tier = 'basic' | 'full' | 'consul';

const built = new Map<Tier, Promise<string>>();

/** Folder of the tools that test/mesh/tools/build.mjs builds; waits for a build that is under way. */
export function meshTools(tier: Tier = 'basic'): Promise<string> {
  const found = built.get(tier) ?? build(tier);
  built.set(tier, found);
  return found;
}

function build(tier: Tier): Promise<string> {
  const script = join(projectFolder, 'test/mesh/tools/build.mjs');
  return new Promise((resolve, reject) => {
    // what it says on its way is for whoever waits
    const child = spawn(process.execPath, [script, tier], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    child.stdout.on('data', (text) => {
      said += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(said.trim());
      else reject(new Error(`the tools of the meshes (${tier}) cannot be built`));
    });
  });
}

/** What Kubernetes’ own validation says against each text: schema, unknown fields, CEL; empty if nothing. */
export async function validateResources(texts: readonly string[]): Promise<string[]> {
  const tools = await meshTools();
  const folder = mkdtempSync(join(tmpdir(), 'fido2-crds-'));
  try {
    const files = texts.map((text, index) => {
      const file = join(folder, `${index}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    const program = [join(tools, 'crdcheck'), '-crds', join(tools, 'crds'), ...files];
    const { status, stdout, stderr } = await runProgram(program);
    if (status !== 0) throw new Error(stderr);
    // Istio’s logger writes there too
    const found = stdout.split('\n').filter((line) => line.startsWith('{'));
    return found.map((line) => (JSON.parse(line) as { error: string }).error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
