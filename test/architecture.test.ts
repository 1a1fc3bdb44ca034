import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /\.(ts|mjs)$/.test(path) && !path.endsWith('.d.ts'))
  .map((path) => ({ path: path.replaceAll('\\', '/'), text: readFileSync(join(root, 'src', path), 'utf8') }));

/** What each layer may import of the others; errors.ts and bytes.ts are open to all. */
const layers: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  crypto: ['protocol'],
  policy: [],
  store: [],
  identity: ['protocol', 'crypto', 'policy', 'store'],
  pages: [],
  nginx: ['protocol', 'crypto', 'policy', 'store', 'identity', 'pages'],
  mesh: ['policy', 'identity'],
  cli: ['protocol', 'crypto', 'policy', 'store', 'identity', 'pages', 'mesh'],
};
const openToAll = ['errors.ts', 'bytes.ts', '../package.json'];

function importsOf(path: string, text: string): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map((match) => match[1] ?? '');
  return specifiers.map((each) => relative(join(root, 'src'), resolve(root, 'src', dirname(path), each)));
}

/** Comments and texts aside: a word on nginx is no use of it. `r.variables` is what a variable's handler is given. */
function touchesRuntime(text: string): boolean {
  const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|'[^'\n]*'|`[^`]*`/g, '');
  const uses = /\bngx\.|\br\.(?!variables)|\bprocess\.|\bglobalThis\b|(?<![.\w])crypto\./.test(code);
  return uses || /from '(?:node:)?(?:fs|crypto|zlib)'/.test(text);
}

const inLayers = sources.filter(({ path }) => path.includes('/'));

test('every source file stands in a layer that the table knows', () => {
  expect(inLayers.length).toBeGreaterThan(50);
  expect([...new Set(inLayers.map(({ path }) => path.split('/')[0]))].filter((each) => !(`${each}` in layers))).toEqual(
    [],
  );
});

test('imports go downwards only', () => {
  const upwards = inLayers.flatMap(({ path, text }) => {
    const layer = path.split('/')[0] ?? '';
    return importsOf(path, text)
      .filter((target) => !openToAll.includes(target))
      .filter((target) => {
        const other = target.split('/')[0] ?? '';
        return other !== layer && !layers[layer]?.includes(other);
      })
      .map((target) => `${path} imports ${target}`);
  });
  expect(upwards).toEqual([]);
});

test('no source file has more than 250 lines', () => {
  const long = sources.filter(({ text }) => text.split('\n').length > 251).map(({ path }) => path);
  expect(long).toEqual([]);
});

describe('what runs in nginx', () => {
  const inNginx = inLayers.filter(({ path }) => !/^(cli|mesh)\/|^pages\/browser\//.test(path));

  test('touches r, ngx, fs, process and crypto in one file', () => {
    const seam = ['nginx/gate.ts', 'nginx/runtime.ts'];
    const touching = inNginx.filter(({ text }) => touchesRuntime(text)).map(({ path }) => path);
    expect(touching.sort()).toEqual(seam);
  });

  test('has no clock and no chance of its own', () => {
    const own = inNginx
      .filter(({ path }) => path !== 'nginx/runtime.ts')
      .filter(({ text }) => /Date\.now|Math\.random|new Date\(\)/.test(text))
      .map(({ path }) => path);
    expect(own).toEqual([]);
  });
});
