import type { ClaimCondition, Inexpressible } from './conditions.ts';
import { type ManifestFile, type MeshTarget, metadataOf } from './target.ts';

/** Istio with sidecars: the workload’s own proxy decides. */
export function renderIstio(target: MeshTarget): ManifestFile[] {
  const selector = { matchLabels: target.labels };
  return [
    {
      name: `${target.workload}.yaml`,
      documents: [
        strictTls(target),
        requestAuthentication(target, { selector }),
        authorizationPolicy(target, { selector }),
      ],
    },
  ];
}

/** Istio in ambient mode: the waypoint decides, and the workload admits nobody but the waypoint. */
export function renderIstioAmbient(target: MeshTarget): ManifestFile[] {
  const { workload, labels, namespace, edge, places } = target;
  // a waypoint passes over every policy that has a selector
  const targetRefs = [{ group: '', kind: 'Service', name: workload }];
  const waypoint = `${edge.trustDomain}/ns/${namespace}/sa/${places.waypoint}`;
  const behind = {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: metadataOf(target, `${workload}-behind-waypoint`),
    spec: {
      selector: { matchLabels: labels },
      action: 'ALLOW',
      rules: [{ from: [{ source: { principals: [waypoint] } }] }],
    },
  };
  return [
    {
      name: `${workload}.yaml`,
      documents: [
        strictTls(target),
        requestAuthentication(target, { targetRefs }),
        authorizationPolicy(target, { targetRefs }),
        behind,
      ],
    },
  ];
}

/** A star at either end of a value is a pattern in Istio, which would admit more than the policy does. */
export function inexpressibleInIstio({ conditions, audience }: MeshTarget): Inexpressible[] {
  const why = 'a value with * at its end is a pattern in Istio';
  const found: Inexpressible[] = conditions.claims
    .filter(({ values }) => values.some(isPattern))
    .map(({ rule }) => ({ rule, nearest: `${why}: put the people in a group, and name the group` }));
  if (isPattern(audience)) found.push({ rule: 'audience', nearest: `${why}: give the workload another audience` });
  return found;
}

function isPattern(value: string): boolean {
  return value.startsWith('*') || value.endsWith('*');
}

function strictTls(target: MeshTarget) {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: metadataOf(target),
    spec: { selector: { matchLabels: target.labels }, mtls: { mode: 'STRICT' } },
  };
}

function requestAuthentication(target: MeshTarget, where: object) {
  const { issuer, audience, keys } = target;
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'RequestAuthentication',
    metadata: metadataOf(target),
    spec: {
      ...where,
      jwtRules: [
        {
          issuer,
          audiences: [audience],
          ...(keys.kind === 'inline' ? { jwks: keys.jwks } : { jwksUri: keys.uri }),
          fromHeaders: [{ name: target.header }],
          forwardOriginalToken: true,
        },
      ],
    },
  };
}

/** Whatever no ALLOW policy of a workload allows is denied. */
function authorizationPolicy(target: MeshTarget, where: object) {
  const { issuer, audience, edge, conditions } = target;
  const { methods, claims } = conditions;
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: metadataOf(target),
    spec: {
      ...where,
      action: 'ALLOW',
      rules: [
        {
          from: [
            {
              source: { principals: [edge.text.slice('spiffe://'.length)], requestPrincipals: [`${issuer}/*`] },
            },
          ],
          ...(methods === null ? {} : { to: [{ operation: { methods } }] }),
          // another RequestAuthentication of the namespace may accept tokens of other issuers, or for others
          when: [when('iss', { values: [issuer] }), when('aud', { values: [audience] }), ...claims.map(toWhen)],
        },
      ],
    },
  };
}

function toWhen({ claim, quantity, values }: ClaimCondition) {
  return when(claim, quantity === 'any' ? { values } : { notValues: values });
}

function when(claim: string, what: object) {
  return { key: `request.auth.claims[${claim}]`, ...what };
}
