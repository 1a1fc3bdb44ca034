import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { request } from './client.ts';
import type { Result } from './inside/vitest.ts';
import { startNginx } from './nginx.ts';

export type { Result };

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'test/helpers/inside');
const entry = (file: string): string => `
import { runRegistered } from './vitest.ts';
async function run(r) {
  let results;
  try {
    await import(${JSON.stringify(join(root, file))});
    results = await runRegistered();
  } catch (error) {
    results = [{ name: 'load', outcome: 'failed', error: error.message + error.stack }];
  }
  r.return(200, JSON.stringify(results));
}
export default { run };
`;

/** Every name of the module: ours where inside/node.ts has one, else a function that says what is missing. */
async function standIn(module: string): Promise<string> {
  const names = Object.keys(await import(module)).filter((name) => /^\w+$/.test(name) && name !== 'default');
  const lines = names.map((name) => `export const ${name} = here.${name} ?? needsNode('${name}');`);
  return `import * as here from './node.ts'; import { needsNode } from './needs-node.ts';\n${lines.join('\n')}`;
}

const plugin: esbuild.Plugin = {
  name: 'inside nginx',
  setup(build) {
    build.onResolve({ filter: /^vitest$/ }, () => ({ path: join(folder, 'vitest.ts') }));
    build.onResolve({ filter: /^(node:.*|jose)$/ }, ({ path, importer }) =>
      importer === join(folder, 'node.ts')
        ? { path: path.slice('node:'.length), external: true }
        : { path, namespace: 'node' },
    );
    build.onLoad({ filter: /.*/, namespace: 'node' }, async ({ path }) => ({
      contents: await standIn(path),
      resolveDir: folder,
    }));
    build.onLoad({ filter: /\/test\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: 'ts',
    }));
  },
};

/** One script of a test file, its helpers, and vitest's own matchers. */
async function bundle(file: string): Promise<string> {
  const result = await esbuild.build({
    stdin: { contents: entry(file), resolveDir: folder, sourcefile: 'entry.ts' },
    inject: [join(folder, 'platform.ts')],
    bundle: true,
    write: false,
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    target: 'es2022',
    define: { 'process.env.NODE_ENV': '"test"' },
    plugins: [plugin],
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}

/**
 * Runs test files in QuickJS inside nginx, unchanged: only vitest's runner and what they import of Node are replaced
 * (helpers/inside/). For files that need no more of Node than webcrypto, randomBytes and reading a file.
 */
export async function insideNginx(files: readonly string[]): Promise<(file: string) => Promise<Result[]>> {
  const scripts = await Promise.all(files.map(bundle));
  const locations = files.map(
    (_, i) => `location = /inside/${i} { js_engine qjs; js_import inside from inside/${i}.js; js_content inside.run; }`,
  );
  const nginx = await startNginx({
    locations: locations.join('\n'),
    prepare: (place) => {
      mkdirSync(join(place, 'conf/inside'));
      scripts.forEach((script, i) => {
        writeFileSync(join(place, 'conf/inside', `${i}.js`), script);
      });
    },
  });
  return async (file) => {
    const answer = await request(nginx, { path: `/inside/${files.indexOf(file)}` });
    if (answer.status !== 200)
      throw new Error(`${file} did not run: ${answer.status}\n${nginx.errorLog().slice(-2000)}`);
    return answer.json<Result[]>();
  };
}
