import { envoyBootstrap, plainListener } from './envoy.ts';
import { serviceAccountOf } from './spiffe.ts';
import { type ManifestFile, type MeshTarget, metadataOf } from './target.ts';
import { toYaml } from './yaml.ts';

const group = 'policy.linkerd.io';

/**
 * Linkerd verifies no tokens: it admits the edge alone, to an Envoy beside the workload, which verifies the token.
 * Nobody at all is admitted to the workload’s own port.
 */
export function renderLinkerd(target: MeshTarget): ManifestFile[] {
  const { workload, edge, places } = target;
  const account = serviceAccountOf(edge);
  const identity = `${account?.name}.${account?.namespace}.serviceaccount.identity.linkerd.${edge.trustDomain}`;
  const verifier = server(target, `${workload}-verifier`, places.listenPort);
  const authentication = {
    apiVersion: `${group}/v1alpha1`,
    kind: 'MeshTLSAuthentication',
    metadata: metadataOf(target),
    spec: { identities: [identity] },
  };
  const { name } = authentication.metadata;
  return [
    {
      name: `${workload}.yaml`,
      documents: [
        verifier,
        server(target, `${workload}-direct`, places.port),
        authentication,
        {
          apiVersion: `${group}/v1alpha1`,
          kind: 'AuthorizationPolicy',
          metadata: metadataOf(target),
          spec: {
            targetRef: { group, kind: 'Server', name: verifier.metadata.name },
            requiredAuthenticationRefs: [{ group, kind: 'MeshTLSAuthentication', name }],
          },
        },
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: metadataOf(target),
          data: { 'envoy.yaml': toYaml(envoyBootstrap(target, plainListener(target))) },
        },
      ],
    },
  ];
}

/** A port that nobody may reach but by an AuthorizationPolicy. */
function server(target: MeshTarget, name: string, port: number) {
  return {
    apiVersion: `${group}/v1beta3`,
    kind: 'Server',
    metadata: metadataOf(target, name),
    spec: { podSelector: { matchLabels: target.labels }, port, proxyProtocol: 'HTTP/1', accessPolicy: 'deny' },
  };
}
