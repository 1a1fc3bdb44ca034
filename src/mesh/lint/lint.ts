import { readManifests } from '../manifest.ts';
import { commonRules } from './common-rules.ts';
import { envoyRules } from './envoy-rules.ts';
import { istioRules } from './istio-rules.ts';
import type { MeshRule } from './rule.ts';

export interface MeshLintFinding {
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly reason: string;
  readonly fix: string;
}

/** Every rule there is, in the order of the reference. */
export const meshRules: readonly MeshRule[] = [...istioRules, ...envoyRules, ...commonRules];

/**
 * What is wrong with manifests that stand together, errors first, then as they stand in the files. `publish`: how long
 * a key is published before it signs, milliseconds.
 */
export function lintMesh(
  files: readonly { readonly name: string; readonly text: string }[],
  { publish }: { readonly publish: number },
): MeshLintFinding[] {
  const read = files.map(({ name, text }) => readManifests(name, text));
  const manifests = read.flatMap((each) => each.manifests);
  const found = new Map<string, MeshLintFinding>();
  const add = (finding: MeshLintFinding) => found.set(`${finding.code} ${finding.file}:${finding.line}`, finding);
  for (const { file, line, message } of read.flatMap((each) => each.unreadable)) {
    const fix = 'what cannot be read was not looked at';
    add({ code: 'unreadable', severity: 'error', file, line, reason: message, fix });
  }
  for (const { code, severity, fix, find } of meshRules) {
    for (const { manifest, path, reason } of find({ manifests, publish })) {
      add({ code, severity, file: manifest.file, line: manifest.lineOf(path), reason, fix });
    }
  }
  return [...found.values()].sort(
    (a, b) =>
      Number(a.severity === 'warning') - Number(b.severity === 'warning') ||
      (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
  );
}
