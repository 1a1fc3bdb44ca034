import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectFolder, runProgram } from './command.ts';

/** As crossplane's own JSON has it. */
export interface CrossplaneDirective {
  readonly directive: string;
  readonly args: readonly string[];
  readonly line: number;
  readonly block?: readonly CrossplaneDirective[];
}

const version = '0.5.8';
const home = join(projectFolder, 'build/crossplane');
const python = join(home, 'bin/python');

/** Whether crossplane is at hand; fetched by pip once. Says in one line what is skipped for want of it. */
export async function hasCrossplane(): Promise<boolean> {
  if (!existsSync(join(home, 'installed'))) {
    rmSync(home, { recursive: true, force: true });
    const steps = [
      ['python3', '-m', 'venv', home],
      [python, '-m', 'pip', 'install', '-q', '--timeout', '10', '--retries', '1', `crossplane==${version}`],
    ];
    for (const step of steps) {
      const reason = await runProgram(step).then(
        ({ status, stderr }) => (status === 0 ? null : stderr),
        (error: Error) => error.message,
      );
      if (reason === null) continue;
      console.log(`skipped for want of crossplane: ${reason.trim().split('\n').at(-1)}`);
      return false;
    }
    writeFileSync(join(home, 'installed'), version);
  }
  return true;
}

const program = `
import crossplane, json, sys
print(json.dumps([crossplane.parse(path, combine=True, check_ctx=False, check_args=False) for path in sys.argv[1:]]))
`;

/** Its trees of these files, includes in their place; throws what it has to complain about. */
export async function crossplaneTrees(paths: readonly string[]): Promise<CrossplaneDirective[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-crossplane-'));
  try {
    writeFileSync(join(folder, 'parse.py'), program);
    const { stdout, stderr } = await runProgram([python, join(folder, 'parse.py'), ...paths]);
    if (stdout === '') throw new Error(stderr);
    const answers = JSON.parse(stdout) as { errors: unknown[]; config: { parsed: CrossplaneDirective[] }[] }[];
    return answers.map(({ errors, config }) => {
      if (errors.length > 0) throw new Error(JSON.stringify(errors));
      return config[0]?.parsed ?? [];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
