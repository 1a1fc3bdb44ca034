import { envoyHttpFilters, jwksClusters } from './envoy-filters.ts';
import { type ManifestFile, type MeshTarget, metadataOf } from './target.ts';
import { toYaml } from './yaml.ts';

/** Kuma: who may call by MeshTrafficPermission, what token by filters that Kuma puts into the workload’s Envoy. */
export function renderKuma(target: MeshTarget): ManifestFile[] {
  const targetRef = { kind: 'Dataplane', labels: target.labels };
  const own = metadataOf(target);
  const metadata = { ...own, labels: { ...own.labels, 'kuma.io/mesh': 'default' } };
  return [
    {
      name: `${target.workload}.yaml`,
      documents: [
        {
          apiVersion: 'kuma.io/v1alpha1',
          kind: 'MeshTrafficPermission',
          metadata,
          spec: {
            targetRef,
            rules: [{ default: { allow: [{ spiffeID: { type: 'Exact', value: target.edge.text } }] } }],
          },
        },
        {
          apiVersion: 'kuma.io/v1alpha1',
          kind: 'MeshProxyPatch',
          metadata,
          spec: { targetRef, default: { appendModifications: modifications(target) } },
        },
      ],
    },
  ];
}

function modifications(target: MeshTarget) {
  // each is put first: the last of them, which authenticates, is the first to run
  const filters = envoyHttpFilters(target, { caller: true }).reverse();
  return [
    ...jwksClusters(target).map((cluster) => ({ cluster: { operation: 'Add', value: toYaml(cluster) } })),
    ...filters.map((filter) => ({
      httpFilter: { operation: 'AddFirst', match: { origin: 'inbound' }, value: toYaml(filter) },
    })),
  ];
}
