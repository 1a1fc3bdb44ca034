import type { Inexpressible } from './conditions.ts';
import { consulServiceOf } from './spiffe.ts';
import { cacheDuration, clockSkew, identityHeader, type ManifestFile, type MeshTarget, seconds } from './target.ts';

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

export function inexpressibleInConsul({ conditions: { claims }, edge }: MeshTarget): Inexpressible[] {
  const found: Inexpressible[] = claims
    .filter(({ isList, quantity }) => isList || quantity === 'none')
    .map(({ rule, isList }) => ({
      rule,
      nearest: isList
        ? 'Consul compares no lists, and no list claim ever matches: name users, or render --for envoy'
        : 'Consul knows no claim that must not be: name the users that are admitted, or render --for envoy',
    }));
  if (consulServiceOf(edge) === null) {
    found.push({ rule: 'edge', nearest: '--edge-spiffe spiffe://ID.consul/ns/default/dc/DC/svc/NAME' });
  }
  return found;
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
    Locations: [{ Header: { Name: identityHeader, Forward: true } }],
    ClockSkewSeconds: clockSkew,
  };
}

/** One permission for each user that is admitted. */
function permissions({ issuer, conditions: { claims, methods } }: MeshTarget, name: string) {
  const iss = { Path: ['iss'], Value: issuer };
  const users = claims.flatMap(({ values }) => values);
  const wanted =
    users.length === 0 ? [[iss]] : users.map((user) => [iss, { Path: ['preferred_username'], Value: user }]);
  return wanted.map((claimsOfOne) => ({
    Action: 'allow',
    HTTP: { PathPrefix: '/', ...(methods === null ? {} : { Methods: methods }) },
    JWT: { Providers: [{ Name: name, VerifyClaims: claimsOfOne }] },
  }));
}
