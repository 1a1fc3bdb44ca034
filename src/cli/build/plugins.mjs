/** What the build adds to esbuild, and the same for vite. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/**
 * The module behind `asset:NAME`: a script or style sheet of the pages, minified, with the hash that a
 * Content-Security-Policy names it by.
 */
export async function loadAsset(name) {
  const file = [join(root, 'src/pages/browser', name), join(root, 'src/pages', name)].find((path) => existsSync(path));
  if (file === undefined) throw new Error(`there is no src/pages/browser/${name}`);
  const result = await esbuild.build({
    entryPoints: [file],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const text = result.outputFiles[0].text.trimEnd();
  const hash = `sha256-${createHash('sha256').update(text).digest('base64')}`;
  return {
    code: `export const text = ${JSON.stringify(text)};\nexport const hash = '${hash}';\n`,
    files: Object.keys(result.metafile.inputs).map((path) => join(root, path)),
  };
}

export const assetPlugin = {
  name: 'asset',
  setup(build) {
    build.onResolve({ filter: /^asset:/ }, ({ path }) => ({ path: path.slice('asset:'.length), namespace: 'asset' }));
    build.onLoad({ filter: /.*/, namespace: 'asset' }, async ({ path }) => {
      try {
        const { code, files } = await loadAsset(path);
        return { contents: code, loader: 'js', watchFiles: files };
      } catch (error) {
        return { errors: error.errors ?? [{ text: error.message }] };
      }
    });
  },
};

/** The same for vite and vitest. */
export const viteAssetPlugin = {
  name: 'asset',
  resolveId(id) {
    // a module that ends in .css would be taken for a style sheet
    return id.startsWith('asset:') ? `\0${id}.js` : undefined;
  },
  async load(id) {
    const name = /^\0asset:(.*)\.js$/.exec(id)?.[1];
    if (name === undefined) return undefined;
    const { code, files } = await loadAsset(name);
    for (const file of files) this.addWatchFile(file);
    return code;
  },
};

/** The schema's descriptions are for the published JSON Schema and the reference: nginx would carry them for nothing. */
export const withoutDescriptions = {
  name: 'without descriptions',
  setup(build) {
    build.onLoad({ filter: /\/src\/policy\/[\w-]+\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replace(/\bv\.description\('(?:[^'\\\n]|\\.)*'\)/g, "v.description('')"),
      loader: 'ts',
    }));
  },
};
