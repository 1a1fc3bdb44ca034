import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { projectFolder } from '../helpers/command.ts';

/** A change to one source: the text that must stand in it once, and what stands there instead. */
export interface Patch {
  /** `src/nginx/decide.ts` */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Bundles src/nginx/main.ts with changes that stop it at a point, or that take a guard away. */
export async function mainWith(...patches: readonly Patch[]): Promise<string> {
  const applied = new Set<Patch>();
  const result = await build({
    entryPoints: ['src/nginx/main.ts'],
    absWorkingDir: projectFolder,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    external: ['crypto', 'fs'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'patch',
        setup(setup) {
          setup.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
            let text = readFileSync(path, 'utf8');
            for (const patch of patches.filter(({ file }) => path === join(projectFolder, file))) {
              if (text.split(patch.find).length !== 2)
                throw new Error(`${patch.file} does not hold once: ${patch.find}`);
              text = text.replace(patch.find, () => patch.replace);
              applied.add(patch);
            }
            return { contents: text, loader: 'ts' };
          });
        },
      },
    ],
  });
  const missed = patches.find((patch) => !applied.has(patch));
  if (missed !== undefined) throw new Error(`${missed.file} is not in the bundle`);
  return result.outputFiles[0]?.text ?? '';
}

/** `prepare` of a test site: its workers run this text as fido2.js. */
export function runMain(text: string): (folder: string) => void {
  return (folder) => writeFileSync(join(folder, 'conf/fido2/fido2.js'), text);
}
