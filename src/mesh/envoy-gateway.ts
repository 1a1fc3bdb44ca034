import type { ClaimCondition, Inexpressible } from './conditions.ts';
import { cacheDuration, knownMethods, type ManifestFile, type MeshTarget, metadataOf, seconds } from './target.ts';

const group = 'gateway.envoyproxy.io';
const gatewayApi = 'gateway.networking.k8s.io';

/** As many claims as one rule may name, and values as one claim may. */
const mostClaims = 16;
const mostValues = 128;

/** Envoy Gateway: the workload’s HTTPRoute asks for the token, its Gateway for the edge’s certificate. */
export function renderEnvoyGateway(target: MeshTarget): ManifestFile[] {
  const { workload } = target;
  return [
    callersOf(target),
    {
      name: `${workload}.yaml`,
      documents: [
        {
          apiVersion: `${group}/v1alpha1`,
          kind: 'SecurityPolicy',
          metadata: metadataOf(target),
          spec: {
            targetRefs: [{ group: gatewayApi, kind: 'HTTPRoute', name: workload }],
            jwt: { optional: false, providers: [provider(target)] },
            authorization: { defaultAction: 'Deny', rules: rulesOf(target) },
          },
        },
      ],
    },
  ];
}

/** One for all workloads of the namespace: of two such policies of a Gateway only the older one holds. */
function callersOf(target: MeshTarget): ManifestFile {
  const { namespace, edge, places } = target;
  return {
    name: `${namespace}.gateway.yaml`,
    documents: [
      {
        apiVersion: `${group}/v1alpha1`,
        kind: 'ClientTrafficPolicy',
        metadata: metadataOf(target, 'callers'),
        spec: {
          targetRefs: [{ group: gatewayApi, kind: 'Gateway', name: places.gateway }],
          tls: {
            clientValidation: {
              optional: false,
              caCertificateRefs: [{ group: '', kind: 'Secret', name: 'fido2-edge-ca' }],
              subjectAltNames: { uris: [{ type: 'Exact', value: edge.text }] },
            },
          },
        },
      },
    ],
  };
}

export function inexpressibleInEnvoyGateway({ conditions: { methods, claims } }: MeshTarget): Inexpressible[] {
  const found: Inexpressible[] = [];
  const unknown = (methods ?? []).filter((method) => !knownMethods.includes(method));
  if (unknown.length > 0) {
    found.push({ rule: 'methods', nearest: `Gateway API has no method ${unknown.join(', ')}: render --for envoy` });
  }
  if (claims.length + 2 > mostClaims) {
    found.push({ rule: 'groups.all', nearest: `a rule names at most ${mostClaims} claims: make one group of several` });
  }
  for (const { rule } of claims.filter(({ values }) => values.length > mostValues)) {
    found.push({ rule, nearest: `a claim has at most ${mostValues} values: make one group of several` });
  }
  return found;
}

function provider(target: MeshTarget) {
  const { issuer, audience, keys } = target;
  return {
    name: 'fido2',
    issuer,
    audiences: [audience],
    ...(keys.kind === 'inline'
      ? { localJWKS: { type: 'Inline', inline: keys.jwks } }
      : { remoteJWKS: { uri: keys.uri, cacheDuration: seconds(cacheDuration(target)) } }),
    extractFrom: { headers: [{ name: target.header }] },
  };
}

/** The first rule that fits decides: those that deny stand before the one that allows. */
function rulesOf({ issuer, audience, conditions: { claims, methods } }: MeshTarget) {
  const denied = claims.filter(({ quantity }) => quantity === 'none');
  const needed = claims.filter(({ quantity }) => quantity === 'any');
  const own = [string('iss', [issuer]), string('aud', [audience])];
  return [
    ...denied.map((condition, index) => ({
      name: `deny-${index + 1}`,
      action: 'Deny',
      principal: { jwt: { provider: 'fido2', claims: [toClaim(condition)] } },
    })),
    {
      name: 'allow',
      action: 'Allow',
      ...(methods === null ? {} : { operation: { methods } }),
      principal: { jwt: { provider: 'fido2', claims: [...own, ...needed.map(toClaim)] } },
    },
  ];
}

function toClaim({ claim, isList, values }: ClaimCondition) {
  return isList ? { name: claim, valueType: 'StringArray', values } : string(claim, values);
}

function string(name: string, values: readonly string[]) {
  return { name, valueType: 'String', values };
}
