import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { projectFolder } from '../helpers/command.ts';

/** A change to one source: the text that must stand in it once, and what stands there instead. */
export interface Patch {
  /** `src/nginx/decide.ts` */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** The scripts that a patch may be for. */
const entries: Readonly<Record<string, string>> = {
  'fido2.js': 'src/nginx/main.ts',
  'fido2_enrol.js': 'src/nginx/enrol.ts',
};

/** Bundles the scripts with changes that stop them at a point, or that take a guard away: texts by name. */
export async function scriptsWith(...patches: readonly Patch[]): Promise<Readonly<Record<string, string>>> {
  const applied = new Set<Patch>();
  const plugin: Plugin = {
    name: 'patch',
    setup(setup) {
      setup.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        let text = readFileSync(path, 'utf8');
        for (const patch of patches.filter(({ file }) => path === join(projectFolder, file))) {
          if (text.split(patch.find).length !== 2) throw new Error(`${patch.file} does not hold once: ${patch.find}`);
          text = text.replace(patch.find, () => patch.replace);
          applied.add(patch);
        }
        return { contents: text, loader: 'ts' };
      });
    },
  };
  const texts: Record<string, string> = {};
  for (const [name, entry] of Object.entries(entries)) {
    const result = await build({
      entryPoints: [entry],
      absWorkingDir: projectFolder,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'neutral',
      mainFields: ['module', 'main'],
      target: 'es2022',
      external: ['crypto', 'fs'],
      logLevel: 'silent',
      plugins: [plugin],
    });
    texts[name] = result.outputFiles[0]?.text ?? '';
  }
  const missed = patches.find((patch) => !applied.has(patch));
  if (missed !== undefined) throw new Error(`${missed.file} is in no script`);
  return texts;
}

/** `prepare` of a test site: its workers run these scripts. */
export function runScripts(texts: Readonly<Record<string, string>>): (folder: string) => void {
  return (folder) => {
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, 'conf/fido2', name), text);
  };
}
