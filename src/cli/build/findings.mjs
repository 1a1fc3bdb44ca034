/** Looks into a finished bundle for what its engine cannot run and esbuild lets pass. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const mark = 'missing_in_this_engine_';

/** esbuild's `define` for globals that an engine lacks: every use becomes a name that is looked for afterwards. */
export function marksOf(missing) {
  return Object.fromEntries(missing.map((word) => [word, `${mark}${word}`]));
}

/** What would stop the bundle from running in nginx: an import that is left, a missing global, another export. */
export function findings(text, output, missing) {
  const inputs = Object.keys(output.inputs);
  const left = output.imports.filter(({ kind }) => kind !== 'import-statement').map(({ path }) => `'${path}'`);
  if (left.length === 0 && /(?<![.\w$])import\(/.test(text)) left.push('..');
  const found = missing.filter((word) => text.includes(`${mark}${word}`));
  return [
    ...left.map((path) => `import(${path}) is left, and nginx loads one file`),
    ...found.map((word) => `${word} does not exist in this engine (${placesOf(word, inputs).join(', ')})`),
    ...(output.exports.join() === 'default' ? [] : [`exports ${output.exports.join(', ')} instead of default alone`]),
  ];
}

/** esbuild turns these into calls that compile and then fail, instead of refusing them. */
export function gateFindings(text, output) {
  const inputs = Object.keys(output.inputs);
  return [
    ...(/\bBigInt\(/.test(text)
      ? [`BigInt does not exist in this engine (${placesOf('\\d+n', inputs).join(', ')})`]
      : []),
    ...(/\bnew RegExp\(/.test(text) ? ['a regular expression uses a flag or syntax that this engine lacks'] : []),
  ];
}

function placesOf(word, inputs) {
  const pattern = new RegExp(`(?<![.\\w'"-])${word}(?![\\w'"-])`);
  return inputs
    .filter((path) => !path.startsWith('asset:') && existsSync(join(root, path)))
    .flatMap((path) => {
      const lines = readFileSync(join(root, path), 'utf8').split('\n');
      return lines.flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : []));
    })
    .slice(0, 3);
}
