import type { BuildOptions, Metafile } from 'esbuild';

/** One output of the build. */
export interface Bundle {
  /** Its file in build/. */
  readonly name: string;
  /** The source that it starts from. */
  readonly entry: string;
  /** Most bytes that it may have. */
  readonly budget?: number;
  /** Globals that its engine lacks. */
  readonly missing: readonly string[];
  readonly options: BuildOptions;
}

export const bundles: readonly Bundle[];
export function bundle(row: Bundle): Promise<{ text: string; output: Metafile['outputs'][string] }>;
