import { stringify } from 'yaml';

/**
 * One document, without anchors and without folded lines, so that people and other tools can compare it. Texts that
 * YAML 1.1 reads as something else, such as `no`, stand in quotes: Kubernetes and Envoy read YAML so.
 */
export function toYaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' });
}
