import type { Inexpressible } from './conditions.ts';
import { connectionManager } from './envoy.ts';
import { jwksClusters } from './envoy-filters.ts';
import { serviceAccountOf } from './spiffe.ts';
import { type ManifestFile, type MeshTarget, metadataOf } from './target.ts';

/** Cilium: its Envoy asks for the token, its network policy admits the edge’s pods alone. */
export function renderCilium(target: MeshTarget): ManifestFile[] {
  const { workload, namespace, labels, edge, places } = target;
  const service = `${namespace}/${workload}`;
  const account = serviceAccountOf(edge);
  const listener = {
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name: workload,
    filter_chains: [{ filters: [connectionManager(target, { caller: false, cluster: service })] }],
  };
  const clusters = [
    { name: service, type: 'EDS', connect_timeout: '5s', eds_cluster_config: { service_name: service } },
    ...jwksClusters(target),
  ].map((cluster) => ({ '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster', ...cluster }));
  return [
    {
      name: `${workload}.yaml`,
      documents: [
        {
          apiVersion: 'cilium.io/v2',
          kind: 'CiliumEnvoyConfig',
          metadata: metadataOf(target),
          spec: {
            services: [{ name: workload, namespace, listener: workload }],
            resources: [listener, ...clusters],
          },
        },
        {
          apiVersion: 'cilium.io/v2',
          kind: 'CiliumNetworkPolicy',
          metadata: metadataOf(target),
          spec: {
            endpointSelector: { matchLabels: labels },
            ingress: [
              {
                fromEndpoints: [
                  {
                    matchLabels: {
                      'k8s:io.kubernetes.pod.namespace': account?.namespace ?? '',
                      'k8s:io.cilium.k8s.policy.serviceaccount': account?.name ?? '',
                    },
                  },
                ],
                toPorts: [{ ports: [{ port: String(places.port), protocol: 'TCP' }] }],
              },
            ],
          },
        },
      ],
    },
  ];
}

/** Of meshes that name callers by their service account. */
export function inexpressibleWithoutAccount({ edge }: MeshTarget): Inexpressible[] {
  if (serviceAccountOf(edge) !== null) return [];
  return [{ rule: 'edge', nearest: '--edge-spiffe spiffe://DOMAIN/ns/NAMESPACE/sa/NAME' }];
}
