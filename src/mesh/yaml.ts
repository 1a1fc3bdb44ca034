import { stringify } from 'yaml';

/** One document, without anchors and without folded lines, so that people and other tools can compare it. */
export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
