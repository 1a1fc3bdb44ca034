import type { Severity } from './rule.ts';
import { ruleGroups } from './rules.ts';
import type { Site } from './site.ts';

/** What the linter found, with its place in nginx's configuration. */
export interface LintFinding {
  readonly code: string;
  readonly severity: Severity;
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly fix: string;
}

const rank: Readonly<Record<Severity, number>> = { error: 0, warning: 1, note: 2 };

/** Every rule's findings, errors first, then as they stand in the files. One directive counts once for a rule. */
export function lint(site: Site): LintFinding[] {
  const found = new Map<string, LintFinding>();
  for (const { code, severity, fix, find } of ruleGroups.flatMap(({ rules }) => rules)) {
    for (const { directive, reason } of find(site)) {
      const { file, line } = directive;
      const key = `${code} ${file}:${line}`;
      if (!found.has(key)) found.set(key, { code, severity, file, line, reason, fix });
    }
  }
  return [...found.values()].sort(
    (a, b) => rank[a.severity] - rank[b.severity] || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
  );
}
