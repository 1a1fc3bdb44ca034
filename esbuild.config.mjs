/**
 * `node esbuild.config.mjs [NAME]...` writes the bundles below into build/, or those named, prints what each weighs and
 * fails on what the engine of each cannot run. The same sources give the same bytes.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as esbuild from 'esbuild';
import { findings, gateFindings, marksOf } from './src/cli/build/findings.mjs';
import { assetPlugin, withoutDescriptions } from './src/cli/build/plugins.mjs';

const root = dirname(fileURLToPath(import.meta.url));
const kilobyte = 1024;

/** What the parser of the njs engine refuses; `rest-argument` covers the spread in a call too. */
const notInNjs = [
  ...['array-spread', 'bigint', 'class', 'class-field', 'class-private-field', 'class-static-blocks'],
  ...['default-argument', 'destructuring', 'for-of', 'for-await', 'generator', 'async-generator', 'new-target'],
  ...['object-rest-spread', 'optional-catch-binding', 'regexp-dot-all-flag', 'regexp-sticky-and-unicode-flags'],
  ...['regexp-unicode-property-escapes', 'regexp-set-notation', 'top-level-await', 'dynamic-import', 'rest-argument'],
  ...['export-star-as', 'import-meta', 'using', 'decorators'],
];

/** Globals that the engine lacks: a bundle that names one compiles and fails at run time. */
const missingInNjs = ['Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'Reflect', 'Proxy', 'BigInt', 'Intl', 'URL'];
const missingInQuickJs = [
  ...['URL', 'URLSearchParams', 'structuredClone', 'AbortController', 'WeakRef', 'FinalizationRegistry'],
  ...['setInterval', 'performance', 'Intl', 'DOMException', 'require', '__dirname'],
];

const nginxModules = ['buffer', 'crypto', 'fs', 'querystring', 'xml', 'zlib'];

/** Every bundle: what it is made of and what runs it. */
export const bundles = [
  {
    name: 'fido2_gate.js',
    entry: 'src/nginx/gate.ts',
    budget: 12 * kilobyte,
    missing: missingInNjs,
    options: {
      platform: 'neutral',
      target: 'es2022',
      supported: Object.fromEntries(notInNjs.map((feature) => [feature, false])),
    },
  },
  {
    name: 'fido2.js',
    entry: 'src/nginx/main.ts',
    budget: 200 * kilobyte,
    missing: missingInQuickJs,
    options: { platform: 'neutral', mainFields: ['module', 'main'], target: 'es2022', external: nginxModules },
  },
  {
    name: 'fido2_enrol.js',
    entry: 'src/nginx/enrol.ts',
    budget: 200 * kilobyte,
    missing: missingInQuickJs,
    options: { platform: 'neutral', mainFields: ['module', 'main'], target: 'es2022', external: nginxModules },
  },
  {
    name: 'fido2_pages.js',
    entry: 'src/nginx/pages.ts',
    budget: 200 * kilobyte,
    missing: missingInQuickJs,
    options: { platform: 'neutral', mainFields: ['module', 'main'], target: 'es2022', external: nginxModules },
  },
  {
    name: 'fido2_user.js',
    entry: 'src/nginx/user.ts',
    budget: 4 * kilobyte,
    missing: missingInQuickJs,
    options: { platform: 'neutral', target: 'es2022' },
  },
  {
    name: 'fido2_ml_dsa.js',
    entry: 'src/nginx/ml-dsa.ts',
    budget: 40 * kilobyte,
    missing: missingInQuickJs,
    options: { platform: 'neutral', mainFields: ['module', 'main'], target: 'es2022', external: nginxModules },
  },
  {
    name: 'fido2_txn.js',
    entry: 'src/nginx/txn.ts',
    budget: 100 * kilobyte,
    missing: missingInQuickJs,
    options: { platform: 'neutral', mainFields: ['module', 'main'], target: 'es2022', external: nginxModules },
  },
  {
    name: 'protocol.js',
    entry: 'src/library.ts',
    missing: [],
    options: { platform: 'node', mainFields: ['module', 'main'], target: 'node20' },
  },
  {
    name: 'ngx-fido2',
    entry: 'src/cli/ngx-fido2.ts',
    missing: [],
    options: {
      platform: 'node',
      mainFields: ['module', 'main'],
      target: 'node20',
      banner: {
        js: "#!/usr/bin/env node\nimport { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
      },
    },
  },
];

/** Bundles one entry in memory: its text and esbuild's account of what is in it. Throws what the engine cannot run. */
export async function bundle({ name, entry, missing, options }) {
  const result = await esbuild.build({
    entryPoints: [entry],
    outfile: `build/${name}`,
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    legalComments: 'none',
    logLevel: 'silent',
    define: marksOf(missing),
    plugins: options.platform === 'neutral' ? [assetPlugin, withoutDescriptions] : [assetPlugin],
    ...options,
  });
  const text = result.outputFiles[0].text;
  const output = result.metafile.outputs[`build/${name}`];
  if (options.platform === 'neutral') {
    const problems = findings(text, output, missing);
    if (name === 'fido2_gate.js') problems.push(...gateFindings(text, output));
    if (problems.length > 0) throw new Error(problems.map((problem) => `${name}: ${problem}`).join('\n'));
  }
  return { text, output };
}

/** The largest contributions by package, own sources counted by their folder. */
function heaviest(output) {
  const weights = {};
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const owner =
      /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? (path.startsWith('asset:') ? path : dirname(path));
    weights[owner] = (weights[owner] ?? 0) + bytesInOutput;
  }
  return Object.entries(weights)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([owner, bytes]) => `${owner} ${size(bytes)}`);
}

/** The licence of every package in the bundles, which must go where they go. */
function licences(outputs) {
  const inputs = outputs.flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  return [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} ships no licence`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
}

function write(name, text, mode = 0o644) {
  const file = join(root, 'build', name);
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, text);
  chmodSync(unfinished, mode);
  renameSync(unfinished, file);
}

function size(bytes) {
  return `${(bytes / kilobyte).toFixed(1)} KB`;
}

async function build(names) {
  const unknown = names.filter((name) => !bundles.some((bundle) => bundle.name === name));
  if (unknown.length > 0) throw new Error(`there is no bundle ${unknown.join(', ')}`);
  const chosen = bundles.filter(({ name }) => names.length === 0 || names.includes(name));
  const made = await Promise.all(chosen.map(async (one) => ({ ...one, ...(await bundle(one)) })));
  mkdirSync(join(root, 'build'), { recursive: true });
  for (const { name, text, output, budget } of made) {
    const bytes = Buffer.byteLength(text);
    console.log(`${name} ${size(bytes)} (gzip ${size(gzipSync(text).length)}): ${heaviest(output).join(', ')}`);
    if (budget !== undefined && bytes > budget) throw new Error(`${name} is larger than its budget of ${size(budget)}`);
    write(name, text, name === 'ngx-fido2' ? 0o755 : 0o644);
  }
  if (names.length === 0) write('third-party.txt', licences(made.map(({ output }) => output)).join('\n---\n\n'));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    await build(process.argv.slice(2));
  } catch (error) {
    const errors = error.errors ?? [];
    const lines = await esbuild.formatMessages(errors, { kind: 'error', color: process.stderr.isTTY });
    console.error(errors.length > 0 ? lines.join('') : error.message);
    console.error('error: the build failed');
    process.exitCode = 1;
  }
}
