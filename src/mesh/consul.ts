import type { ClaimCondition, Inexpressible } from './conditions.ts';
import { consulServiceOf } from './spiffe.ts';
import { cacheDuration, clockSkew, type ManifestFile, type MeshTarget, seconds } from './target.ts';

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
          Sources: [{ Name: consulServiceOf(edge) ?? '', Permissions: permissions(target, name) }],
        },
      ],
    },
  ];
}

/** As many permissions as one source may have here: each admitted combination of user and groups is one. */
const mostPermissions = 256;

export function inexpressibleInConsul({ conditions: { claims }, edge, groupMap }: MeshTarget): Inexpressible[] {
  const found: Inexpressible[] = claims.flatMap(({ rule, claim, quantity }) => {
    const nearest = nearestInConsul(claim, quantity, groupMap);
    return nearest === null ? [] : [{ rule, nearest }];
  });
  const [first] = claims;
  if (first !== undefined && combinations(claims).length > mostPermissions) {
    const nearest = `it makes more than ${mostPermissions} combinations: make one group of several`;
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

function provider(target: MeshTarget, name: string) {
  const { issuer, audience, keys } = target;
  const jwks =
    keys.kind === 'inline'
      ? { Local: { JWKS: Buffer.from(keys.jwks).toString('base64') } }
      : { Remote: { URI: keys.uri, FetchAsynchronously: true, CacheDuration: seconds(cacheDuration(target)) } };
  return {
    Kind: 'jwt-provider',
    Name: name,
    Issuer: issuer,
    Audiences: [audience],
    JSONWebKeySet: jwks,
    Locations: [{ Header: { Name: target.header, Forward: true } }],
    ClockSkewSeconds: clockSkew,
  };
}

/** One permission for each combination that is admitted. */
function permissions({ issuer, conditions: { claims, methods } }: MeshTarget, name: string) {
  const iss = { Path: ['iss'], Value: issuer };
  return combinations(claims).map((wanted) => ({
    Action: 'allow',
    HTTP: { PathPrefix: '/', ...(methods === null ? {} : { Methods: methods }) },
    JWT: { Providers: [{ Name: name, VerifyClaims: [iss, ...wanted] }] },
  }));
}

interface VerifiedClaim {
  readonly Path: readonly string[];
  readonly Value: string;
}

/** Every choice of one value for each condition; the work ends soon after there are too many. */
function combinations(claims: readonly ClaimCondition[]): VerifiedClaim[][] {
  return claims.reduce<VerifiedClaim[][]>(
    (chosen, { claim, values }) =>
      chosen.length > mostPermissions
        ? chosen
        : chosen.flatMap((before) => values.map((value) => [...before, verified(claim, value)])),
    [[]],
  );
}

/** Groups stand in a map besides, for a list matches nothing. */
function verified(claim: ClaimCondition['claim'], value: string): VerifiedClaim {
  return claim === 'groups' ? { Path: ['grp', value], Value: '1' } : { Path: [claim], Value: value };
}
