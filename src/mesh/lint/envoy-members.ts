import { type Manifest, membersOf, type Path, readManifests } from '../manifest.ts';
import type { Bundle } from './rule.ts';

/** A member of Envoy’s configuration, wherever it stands: in a file of its own, in a ConfigMap, in a patch of Kuma’s. */
export interface Member {
  readonly manifest: Manifest;
  readonly name: string;
  readonly value: unknown;
  readonly path: Path;
}

/** Members of a text that is YAML itself stand where the text does. */
export function* envoyMembers({ manifests }: Bundle): Generator<Member> {
  for (const manifest of manifests) {
    for (const { name, value, path } of membersOf(manifest.value)) {
      yield { manifest, name, value, path };
      if (typeof value !== 'string' || !value.includes('\n')) continue;
      for (const inner of readManifests(manifest.file, value).manifests) {
        for (const member of membersOf(inner.value)) yield { ...member, manifest, path };
      }
    }
  }
}
