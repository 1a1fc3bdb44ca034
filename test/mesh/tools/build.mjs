/**
 * `node test/mesh/tools/build.mjs` builds what the tests of the meshes run, once, and prints its folder below build/:
 * istiod-lite, crdcheck and the CustomResourceDefinitions of Istio, Gateway API, Envoy Gateway and Cilium. With the
 * argument `full`: Envoy Gateway's egctl instead; with `consul`: Consul. `npm run test:mesh-full` runs these two. Needs
 * Go and its module proxy.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const home = join(here, '../../../build/mesh-tools');
const flags = ['-v', '-trimpath', '-ldflags', '-s -w'];

/** Where each project keeps its definitions; null: the version that istiod-lite is built with. */
const definitions = [
  ['istio.io/api', null, 'kubernetes'],
  ['sigs.k8s.io/gateway-api', null, 'config/crd/standard'],
  ['github.com/envoyproxy/gateway', 'v1.9.1', 'charts/gateway-helm/charts/crds/crds/generated'],
  ['github.com/cilium/cilium', 'v1.20.2', 'pkg/k8s/apis/cilium.io/client/crds/v2'],
];

function run(command, args, cwd = here) {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Compiles out of the way of everything else, and tells now and then how far it is. */
function compile(what, args, { cwd = here, env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const options = { cwd, env: { ...process.env, CGO_ENABLED: '0', ...env }, stdio: ['ignore', 'ignore', 'pipe'] };
    const child = spawn('nice', ['-n', '15', 'go', ...args], options);
    let said = '';
    const tell = () => {
      const packages = said.split('\n').filter((line) => !line.startsWith('go: ')).length - 1;
      const seconds = Math.round((performance.now() - started) / 1000);
      console.error(`building ${what}: ${packages} packages in ${seconds} s`);
    };
    const telling = setInterval(tell, 30_000);
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.on('error', reject);
    child.on('close', (status) => {
      clearInterval(telling);
      tell();
      if (status === 0) resolve();
      else reject(new Error(`${what} cannot be built: ${said.trim().split('\n').slice(-5).join('; ')}`));
    });
  });
}

function copyDefinitions(folder) {
  mkdirSync(folder);
  run('go', ['mod', 'download']);
  for (const [module, version, place] of definitions) {
    const args =
      version === null ? ['list', '-m', '-json', module] : ['mod', 'download', '-json', `${module}@${version}`];
    const from = join(JSON.parse(run('go', args)).Dir, place);
    for (const name of readdirSync(from).filter((each) => each.endsWith('.yaml'))) {
      // gateway-api has a kustomization and policies of admission there too
      const text = readFileSync(join(from, name), 'utf8');
      if (!/^kind: CustomResourceDefinition$/m.test(text)) continue;
      writeFileSync(join(folder, `${module.replaceAll('/', '_')}_${name}`), text);
    }
  }
}

const tiers = {
  basic: {
    sources: ['build.mjs', 'go.mod', 'go.sum', 'istiod-lite/main.go', 'crdcheck/main.go'],
    async build(folder) {
      copyDefinitions(join(folder, 'crds'));
      await compile('istiod-lite and crdcheck', ['build', ...flags, '-o', `${folder}/`, './istiod-lite', './crdcheck']);
    },
  },
  full: {
    sources: ['build.mjs'],
    async build(folder) {
      const egctl = 'github.com/envoyproxy/gateway/cmd/egctl@v1.9.1';
      await compile('egctl', ['install', ...flags, egctl], { cwd: folder, env: { GOBIN: folder } });
    },
  },
  // Consul is under the Business Source License: run here, never part of a release. Its own go.mod replaces its parts by
  // folders, so it builds from a module of ours. Go's checksum database does not list two of the parts
  // (envoyextensions v0.9.0, troubleshoot v0.8.0): their lines in go.sum were written once with
  // GONOSUMDB=github.com/hashicorp/consul/envoyextensions,github.com/hashicorp/consul/troubleshoot and pin them since.
  consul: {
    sources: ['build.mjs', 'consul/go.mod', 'consul/go.sum'],
    async build(folder) {
      const args = ['build', '-mod=readonly', ...flags, '-o', join(folder, 'consul'), 'github.com/hashicorp/consul'];
      await compile('Consul', args, { cwd: join(here, 'consul') });
    },
  },
};

/** Whether the process that holds the lock is there; true also in the moment in which it writes who it is. */
function isHeld(lock) {
  if (!existsSync(lock)) return false;
  const owner = Number(readFileSync(lock, 'utf8'));
  try {
    return owner === 0 || process.kill(owner, 0);
  } catch {
    return false;
  }
}

/** Whether this process is the one that builds; false once another one has ended. */
async function takesTurn(lock) {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (isHeld(lock)) await sleep(500);
    else rmSync(lock, { force: true });
    if (!existsSync(lock)) return false;
  }
}

const [name = 'basic'] = process.argv.slice(2);
const tier = Object.hasOwn(tiers, name) ? tiers[name] : null;
if (tier === null) throw new Error(`there is no tier "${name}"`);
const digest = createHash('sha256').update(run('go', ['env', 'GOVERSION']));
for (const file of tier.sources) digest.update(readFileSync(join(here, file)));
const folder = join(home, `${name}-${digest.digest('hex').slice(0, 12)}`);
const lock = `${folder}.lock`;
mkdirSync(home, { recursive: true });
while (!existsSync(folder)) {
  if (!(await takesTurn(lock))) continue;
  const own = `${folder}.${process.pid}`;
  try {
    if (existsSync(folder)) break;
    mkdirSync(own);
    await tier.build(own);
    renameSync(own, folder);
    // those of older sources are large
    for (const each of readdirSync(home).filter((entry) => entry.startsWith(`${name}-`) && !entry.includes('.'))) {
      if (join(home, each) !== folder) rmSync(join(home, each), { recursive: true });
    }
  } catch (error) {
    rmSync(own, { recursive: true, force: true });
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
    break;
  } finally {
    rmSync(lock, { force: true });
  }
}
if (existsSync(folder)) console.log(folder);
