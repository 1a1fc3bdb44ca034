import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';

/** Every YAML and JSON file of a folder and below it, or the one file; `-` is standard input. */
export function readMeshFiles(path: string): { readonly name: string; readonly text: string }[] {
  if (path === '-') return [{ name: '-', text: readFileSync(0, 'utf8') }];
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new CommandError(`there is no ${path}`, 'name a folder of manifests, a file, or -');
  if (!found.isDirectory()) return [{ name: path, text: readFileSync(path, 'utf8') }];
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ya?ml|json)$/.test(name) && statSync(join(path, name)).isFile())
    .sort();
  if (names.length === 0) throw new CommandError(`${path} holds no .yaml, .yml or .json`, 'name another folder');
  return names.map((name) => ({ name: join(path, name), text: readFileSync(join(path, name), 'utf8') }));
}
