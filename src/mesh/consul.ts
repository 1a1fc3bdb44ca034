import type { ClaimCondition, Inexpressible } from './conditions.ts';
import { consulServiceOf } from './spiffe.ts';
import { clockSkew, knownMethods, type ManifestFile, type MeshTarget } from './target.ts';

/** Consul: configuration entries for `consul config write`, and what every agent’s own configuration must say. */
export function renderConsul(target: MeshTarget): ManifestFile[] {
  const { workload, edge } = target;
  const name = `fido2-${workload}`;
  return [
    // without it Consul lets requests without a token pass, whatever the intentions ask
    { name: 'agent.json', documents: [{ default_intention_policy: 'deny' }] },
    {
      name: `${workload}-service-defaults.json`,
      documents: [{ Kind: 'service-defaults', Name: workload, Protocol: 'http' }],
    },
    { name: `${workload}-jwt-provider.json`, documents: [provider(target, name)] },
    {
      name: `${workload}-service-intentions.json`,
      documents: [
        {
          Kind: 'service-intentions',
          Name: workload,
          Sources: [{ Name: consulServiceOf(edge) ?? '', Permissions: [permission(target, name)] }],
        },
      ],
    },
  ];
}

/** As many combinations of user and groups as one permission may admit here. */
const mostCombinations = 256;

export function inexpressibleInConsul({
  conditions: { claims, methods },
  edge,
  groupMap,
}: MeshTarget): Inexpressible[] {
  const found: Inexpressible[] = claims.flatMap(({ rule, claim, quantity }) => {
    const nearest = nearestInConsul(claim, quantity, groupMap);
    return nearest === null ? [] : [{ rule, nearest }];
  });
  const unknown = (methods ?? []).filter((method) => !knownMethods.includes(method));
  if (unknown.length > 0) {
    found.push({ rule: 'methods', nearest: `Consul has no method ${unknown.join(', ')}: render --for envoy` });
  }
  const [first] = claims;
  if (first !== undefined && combinations(claims).length > mostCombinations) {
    const nearest = `it makes more than ${mostCombinations} combinations: make one group of several`;
    found.push({ rule: first.rule, nearest });
  }
  if (consulServiceOf(edge) === null) {
    found.push({ rule: 'edge', nearest: '--edge-spiffe spiffe://ID.consul/ns/default/dc/DC/svc/NAME' });
  }
  return found;
}

/** Null: Consul holds it. */
function nearestInConsul(
  claim: ClaimCondition['claim'],
  quantity: ClaimCondition['quantity'],
  groupMap: boolean,
): string | null {
  if (claim === 'amr') return 'Consul compares no lists: leave it to nginx, or render --for envoy';
  if (quantity === 'none') {
    return 'Consul knows no claim that must not be: name those who are admitted, or render --for envoy';
  }
  if (claim === 'preferred_username' || groupMap) return null;
  return 'Consul compares no lists: set "groupMap": true for the workload, name users, or render --for envoy';
}

function keySet({ keys, places }: MeshTarget) {
  if (keys.kind === 'inline') return { Local: { JWKS: Buffer.from(keys.jwks).toString('base64') } };
  // Consul compares no names here: the file must have the authority of nginx’s certificate alone
  const TrustedCA = { Filename: `${places.etc}/fido2-jwks-ca.pem` };
  // no CacheDuration: Consul 1.22 counts its nanoseconds as seconds, and Envoy refuses so many; its own is 10 minutes
  const Remote = {
    URI: keys.uri,
    FetchAsynchronously: true,
    UseSNI: true,
    JWKSCluster: { TLSCertificates: { TrustedCA } },
  };
  return { Remote };
}

function provider(target: MeshTarget, name: string) {
  const { issuer, audience } = target;
  return {
    Kind: 'jwt-provider',
    Name: name,
    Issuer: issuer,
    Audiences: [audience],
    JSONWebKeySet: keySet(target),
    Locations: [{ Header: { Name: target.header, Forward: true } }],
    ClockSkewSeconds: clockSkew,
  };
}

/**
 * One permission, whose provider stands there once for each combination that is admitted: any of them may fit, while of
 * several permissions for one path only the first is ever asked.
 */
function permission({ issuer, conditions: { claims, methods } }: MeshTarget, Name: string) {
  const iss = { Path: ['iss'], Value: issuer };
  const Providers = combinations(claims).map((wanted) => ({ Name, VerifyClaims: [iss, ...wanted] }));
  const HTTP = { PathPrefix: '/', ...(methods === null ? {} : { Methods: methods }) };
  return { Action: 'allow', HTTP, JWT: { Providers } };
}

interface VerifiedClaim {
  readonly Path: readonly string[];
  readonly Value: string;
}

/** Every choice of one value for each condition; the work ends soon after there are too many. */
function combinations(claims: readonly ClaimCondition[]): VerifiedClaim[][] {
  return claims.reduce<VerifiedClaim[][]>(
    (chosen, { claim, values }) =>
      chosen.length > mostCombinations
        ? chosen
        : chosen.flatMap((before) => values.map((value) => [...before, verified(claim, value)])),
    [[]],
  );
}

/** Groups stand in a map besides, for a list matches nothing. */
function verified(claim: ClaimCondition['claim'], value: string): VerifiedClaim {
  return claim === 'groups' ? { Path: ['grp', value], Value: '1' } : { Path: [claim], Value: value };
}
