import type { LintOptions, Parts } from './configuration.ts';

export interface RuleCase {
  /** Where the rule finds something. */
  readonly bad: Parts & LintOptions;
  /** What comes near and is right. */
  readonly good: Parts & LintOptions;
}
