import { join } from 'node:path';
import { findLoader, unpackDebianPackages } from '../../src/cli/debian-packages.ts';
import { projectFolder, runProgram } from './command.ts';

const addon = join(projectFolder, 'node_modules/@jazzer.js/fuzzer');

/**
 * How node is started so that it can load jazzer.js: its addon needs the C library of glibc 2.38, which comes from
 * Debian's packages where the machine's own is older. Throws where it cannot be had.
 */
export async function jazzerCommand(): Promise<readonly string[]> {
  const loads = async (command: readonly string[]): Promise<string | null> => {
    const { status, stderr } = await runProgram([...command, '-e', `require(${JSON.stringify(addon)})`]);
    return status === 0 ? null : (stderr.split('\n').find((line) => /Error/.test(line)) ?? 'it does not load');
  };
  if ((await loads([process.execPath])) === null) return [process.execPath];
  const { loader, libraries } = await unpackDebianPackages(join(projectFolder, 'build/fuzz/libc'), Date.now(), {
    label: 'fuzz',
    packages: ['libstdc++6'],
    locate: findLoader,
    missing: 'the dynamic loader',
    onProgress: () => {},
  });
  const command = [loader, '--library-path', libraries, process.execPath];
  const reason = await loads(command);
  if (reason !== null) throw new Error(reason);
  return command;
}
