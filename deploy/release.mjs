/**
 * `npm run release` builds what a release contains, from a clean clone of HEAD, twice, and refuses to go on where the
 * bytes differ: build/release/ with the npm package, the scripts, the snippets, SHA256SUMS, the SBOM (CycloneDX) and the
 * commit. Nothing of the working tree gets in, and nothing of the time of day.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = join(root, 'build/release');
const work = mkdtempSync(join(tmpdir(), 'ngx-fido2-release-'));

function run(command, args, cwd = root) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

const sumOf = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');
const sums = (folder) => filesBelow(folder).map((path) => `${sumOf(join(folder, path))}  ${path}\n`);

/** A clean clone, its dependencies as the lockfile names them, its build and package. The folder of the clone. */
function buildFromClone(name, commit) {
  // npm calls the component of the SBOM after this folder
  const clone = join(work, name, 'ngx-fido2');
  run('git', ['clone', '-q', '--no-hardlinks', root, clone]);
  run('git', ['checkout', '-q', commit], clone);
  run('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund'], clone);
  run(process.execPath, ['esbuild.config.mjs'], clone);
  run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', 'build'], clone);
  return clone;
}

/** The bill of materials of what is bundled, without what differs from call to call. */
function billOfMaterials(clone, time) {
  const bill = JSON.parse(run('npm', ['sbom', '--sbom-format=cyclonedx', '--omit=dev', '--package-lock-only'], clone));
  delete bill.serialNumber;
  bill.metadata.timestamp = time;
  return `${JSON.stringify(bill, null, 2)}\n`;
}

try {
  const commit = run('git', ['rev-parse', 'HEAD']);
  const time = new Date(run('git', ['show', '-s', '--format=%cI', commit])).toISOString();
  const [first, second] = ['a', 'b'].map((name) => {
    process.stderr.write(`building ${commit.slice(0, 12)} in clone ${name}\n`);
    return buildFromClone(name, commit);
  });
  const [one, other] = [first, second].map((clone) => sums(join(clone, 'build')));
  if (one.join('') !== other.join('')) {
    const differing = one.filter((line) => !other.includes(line)).join('');
    process.stderr.write(
      `error: two builds of one commit differ:\n${differing}hint: look for what depends on time or place\n`,
    );
    process.exitCode = 1;
  } else {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    // the command works only where its package is around it
    const built = filesBelow(join(first, 'build')).filter((path) => path !== 'ngx-fido2');
    for (const path of built) cpSync(join(first, 'build', path), join(target, path));
    cpSync(join(first, 'nginx-conf'), join(target, 'nginx-conf'), { recursive: true });
    for (const name of ['LICENSE', 'CHANGELOG.md']) cpSync(join(first, name), join(target, name));
    writeFileSync(join(target, 'COMMIT'), `${commit}\n`);
    writeFileSync(join(target, 'sbom.cdx.json'), billOfMaterials(first, time));
    writeFileSync(join(target, 'SHA256SUMS'), sums(target).join(''));
    process.stdout.write(
      `build/release: ${filesBelow(target).length} files of commit ${commit}, the same bytes twice\n`,
    );
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
