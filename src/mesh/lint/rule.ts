import type { Manifest, Path } from '../manifest.ts';

/** All that is looked at together. */
export interface Bundle {
  readonly manifests: readonly Manifest[];
  /** How long a key is published before it signs, milliseconds. */
  readonly publish: number;
}

/** Where a rule found something, and what exactly. */
export interface Place {
  readonly manifest: Manifest;
  readonly path: Path;
  readonly reason: string;
}

/** One row of the table of rules: the linter and docs/mesh/lint.md come from it. */
export interface MeshRule {
  /** Stable. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  /** What happens, for whoever looks the code up. */
  readonly about: string;
  readonly fix: string;
  find(bundle: Bundle): Iterable<Place>;
}
