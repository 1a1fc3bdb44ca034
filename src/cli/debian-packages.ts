import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { type ProcessResult, runProcess } from './run-process.ts';

const suite = 'forky';
const keyrings = ['/usr/share/keyrings/debian-archive-keyring.pgp', '/usr/share/keyrings/debian-archive-keyring.gpg'];
const recheckAfter = 7 * 24 * 3_600_000;

/** Why Debian's packages cannot be used, in words that follow "Debian's packages". */
export class PackagesUnavailable extends Error {}

export interface Wanted<T> {
  /** Stands in front of each line of progress. */
  readonly label: string;
  /** With what they depend on. */
  readonly packages: readonly string[];
  /** What the caller needs of an unpacked root; null if it is not all there. */
  readonly locate: (root: string) => T | null;
  /** What was wanted, for the error that it is not there. */
  readonly missing: string;
  readonly onProgress: (line: string) => void;
}

interface Current {
  readonly root: string;
  readonly checked: number;
}

/**
 * Debian's packages, unpacked below `folder` without root and looked for anew once a week: apt keeps a state of its own
 * there and checks the archive's signature; nothing on the machine changes. The machine's own apt configuration tells
 * the address. Throws PackagesUnavailable.
 */
export async function unpackDebianPackages<T>(folder: string, now: number, wanted: Wanted<T>): Promise<T> {
  const { label, locate, missing, onProgress } = wanted;
  const current = readCurrent(folder);
  const usable = current === null ? null : locate(join(folder, current.root));
  if (current !== null && usable !== null && Math.abs(now - current.checked) < recheckAfter) return usable;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'work-'));
  try {
    const root = await obtain(folder, work, wanted);
    const found = locate(join(folder, root));
    if (found === null) throw new PackagesUnavailable(`lack ${missing}`);
    writeFileSync(join(work, 'current.json'), JSON.stringify({ root, checked: now } satisfies Current));
    renameSync(join(work, 'current.json'), join(folder, 'current.json'));
    removeOthers(folder, [root, current?.root]);
    return found;
  } catch (error) {
    if (usable === null || !(error instanceof PackagesUnavailable)) throw error;
    onProgress(`${label}: the weekly check failed, the one at hand is used (${error.message})`);
    return usable;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Downloads and unpacks what is not here yet; the name of the unpacked folder, which tells its exact content. */
async function obtain(folder: string, work: string, wanted: Wanted<unknown>): Promise<string> {
  const { label, packages, onProgress } = wanted;
  const keyring = keyrings.find((path) => existsSync(path));
  if (keyring === undefined)
    throw new PackagesUnavailable('cannot be checked: the debian-archive-keyring package is missing');
  const addresses = await archiveAddresses();
  if (addresses.length === 0) throw new PackagesUnavailable("have no address in this machine's apt configuration");
  for (const name of ['lists/partial', 'cache/archives/partial', 'state', 'parts']) {
    mkdirSync(join(work, name), { recursive: true });
  }
  writeFileSync(join(work, 'state/status'), '');
  writeFileSync(join(work, 'apt.conf'), aptConfiguration(work));

  onProgress(`${label}: reading the package lists of Debian`);
  let update: ProcessResult | undefined;
  for (const address of addresses) {
    const source = `Types: deb\nURIs: ${address}\nSuites: ${suite}\nComponents: main\nSigned-By: ${keyring}\n`;
    writeFileSync(join(work, 'archive.sources'), source);
    update = await apt(work, ['update', '--error-on=any']);
    if (update.status === 0) break;
  }
  if (update?.status !== 0) throw new PackagesUnavailable(`cannot be listed${lastError(update)}`);
  const plan = await apt(work, ['install', '-y', '--print-uris', ...packages]);
  if (plan.status !== 0) throw new PackagesUnavailable(`cannot be resolved${lastError(plan)}`);
  const uris = plan.stdout.split('\n').filter((line) => line.startsWith("'"));
  const root = `debian-${createHash('sha256').update(uris.sort().join('\n')).digest('hex').slice(0, 16)}`;
  if (existsSync(join(folder, root))) return root;

  const bytes = uris.reduce((sum, line) => sum + Number(line.split(' ')[2] ?? 0), 0);
  onProgress(`${label}: downloading ${uris.length} packages (${(bytes / 1e6).toFixed(1)} MB), signature checked`);
  const download = await apt(work, ['install', '-y', '--download-only', ...packages]);
  if (download.status !== 0) throw new PackagesUnavailable(`cannot be downloaded${lastError(download)}`);
  const unpacked = join(work, 'root');
  mkdirSync(unpacked);
  const archives = join(work, 'cache/archives');
  for (const name of readdirSync(archives).filter((file) => file.endsWith('.deb'))) {
    const result = await runProcess(['dpkg-deb', '-x', join(archives, name), unpacked]);
    if (result.status !== 0) throw new PackagesUnavailable(`cannot be unpacked${lastError(result)}`);
  }
  try {
    renameSync(unpacked, join(folder, root));
  } catch (error) {
    // another process unpacked the same packages meanwhile
    if (!existsSync(join(folder, root))) throw error;
  }
  return root;
}

/** Where this machine gets its own Debian packages from, the security archive left out. */
async function archiveAddresses(): Promise<string[]> {
  const format = ['indextargets', '--no-release-info', '--format', '$(IDENTIFIER) $(RELEASE) $(REPO_URI)'];
  const targets = await runProcess(['apt-get', ...format], { timeout: 20_000 });
  if (targets.status !== 0) throw new PackagesUnavailable('need apt-get, which this machine does not have');
  const addresses = targets.stdout
    .split('\n')
    .map((line) => line.split(' '))
    .filter(
      ([identifier, release, address]) => identifier === 'Packages' && release !== undefined && address !== undefined,
    )
    .filter(([, release]) => !/security/.test(release ?? ''))
    .map(([, , address]) => address ?? '')
    .filter((address) => /\/debian\/?$/.test(address));
  return [...new Set(addresses)];
}

function apt(work: string, args: readonly string[]): Promise<ProcessResult> {
  return runProcess(['apt-get', '-q', '-c', join(work, 'apt.conf'), ...args], { timeout: 180_000 });
}

/** Read after the machine's own settings, so that its proxies stay in force and its hooks and pins do not. */
function aptConfiguration(work: string): string {
  return `#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear APT::Architectures;
Dir::State "${work}/state";
Dir::State::Lists "${work}/lists";
Dir::State::status "${work}/state/status";
Dir::Cache "${work}/cache";
Dir::Etc::SourceList "${work}/archive.sources";
Dir::Etc::SourceParts "${work}/parts";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "${work}/parts";
APT::Default-Release "";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "root";
Acquire::AllowInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons-small::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11-icons::DefaultEnabled "false";
`;
}

/** The dynamic loader and the folders of libraries below a root: the same on every architecture. */
export function findLoader(root: string): { readonly loader: string; readonly libraries: string } | null {
  const libraries = ['usr/lib', 'lib'].flatMap((folder) =>
    list(join(root, folder)).filter((path) => /-linux-gnu/.test(path)),
  );
  const loader = [...libraries, join(root, 'usr/lib64'), join(root, 'lib64'), join(root, 'usr/lib'), join(root, 'lib')]
    .flatMap(list)
    .find((path) => /^ld-linux[^/]*\.so\.\d+$/.test(basename(path)));
  return loader === undefined ? null : { loader, libraries: libraries.join(':') };
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function readCurrent(folder: string): Current | null {
  const path = join(folder, 'current.json');
  if (!existsSync(path)) return null;
  try {
    const { root, checked } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Current>;
    return typeof root === 'string' && typeof checked === 'number' ? { root: basename(root), checked } : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The last one stays too: an nginx that was started from it may still load a module at its next reload. */
function removeOthers(folder: string, keep: readonly (string | undefined)[]): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith('debian-') && !keep.includes(name))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function lastError(result: ProcessResult | undefined): string {
  const lines = (result?.stderr ?? '').split('\n').filter((line) => /^[EW]: /.test(line));
  const line =
    lines.find((candidate) => candidate.startsWith('E:')) ?? lines[0] ?? result?.stderr.trim().split('\n').at(-1);
  return line === undefined || line === '' ? '' : ` (${line.replace(/^[EW]: /, '').slice(0, 200)})`;
}
