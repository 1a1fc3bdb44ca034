import type { Directive } from '../nginx-tree.ts';
import type { Site } from './site.ts';

export type Severity = 'error' | 'warning' | 'note';

/** Where a rule found something, and what exactly. */
export interface Place {
  readonly directive: Directive;
  readonly reason: string;
}

/** One row of the table of rules: the linter and docs/nginx-check.md come from it. */
export interface Rule {
  /** Stable. */
  readonly code: string;
  readonly severity: Severity;
  /** What happens, for whoever looks the code up. */
  readonly about: string;
  readonly fix: string;
  find(site: Site): Iterable<Place>;
}

export interface RuleGroup {
  readonly title: string;
  readonly rules: readonly Rule[];
}
