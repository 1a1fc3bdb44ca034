import type { ClaimCondition } from './conditions.ts';
import { cacheDuration, clockSkew, type MeshTarget, seconds } from './target.ts';

const types = 'type.googleapis.com/envoy.extensions';
const jwtFilter = 'envoy.filters.http.jwt_authn';

/** Name of the provider, and of the token’s claims in Envoy’s metadata. */
const provider = 'fido2';

/** Name of the cluster that has the key set. */
export const jwksCluster = 'fido2-jwks';

/** Authentication and authorization together, in their order. `caller`: whether the peer’s certificate is Envoy’s to read. */
export function envoyHttpFilters(target: MeshTarget, { caller }: { readonly caller: boolean }) {
  return [jwtAuthn(target), rbac(target, caller)];
}

function jwtAuthn(target: MeshTarget) {
  const { issuer, audience, ttl } = target;
  return {
    name: jwtFilter,
    typed_config: {
      '@type': `${types}.filters.http.jwt_authn.v3.JwtAuthentication`,
      providers: {
        [provider]: {
          issuer,
          audiences: [audience],
          ...keySource(target),
          from_headers: [{ name: target.header }],
          forward: true,
          payload_in_metadata: provider,
          clock_skew_seconds: clockSkew,
          require_expiration: true,
          max_lifetime: seconds(ttl + clockSkew * 1000),
        },
      },
      rules: [{ match: { prefix: '/' }, requires: { provider_name: provider } }],
      strip_failure_response: true,
    },
  };
}

function keySource(target: MeshTarget) {
  const { keys } = target;
  if (keys.kind === 'inline') return { local_jwks: { inline_string: keys.jwks } };
  return {
    remote_jwks: {
      http_uri: { uri: keys.uri, cluster: jwksCluster, timeout: '5s' },
      cache_duration: seconds(cacheDuration(target)),
      async_fetch: {},
    },
  };
}

function rbac({ workload, issuer, audience, edge, conditions: { claims, methods } }: MeshTarget, caller: boolean) {
  const permissions =
    methods === null
      ? [{ any: true }]
      : methods.map((method) => ({ header: { name: ':method', string_match: { exact: method } } }));
  const principals = [
    ...(caller ? [{ authenticated: { principal_name: { exact: edge.text } } }] : []),
    // a request that the first filter did not look at has no claims, and no way in
    claimIs('iss', [issuer]),
    claimIs('aud', [audience]),
    ...claims.map(principalOf),
  ];
  return {
    name: 'envoy.filters.http.rbac',
    typed_config: {
      '@type': `${types}.filters.http.rbac.v3.RBAC`,
      rules: {
        action: 'ALLOW',
        policies: { [`fido2-${workload}`]: { permissions, principals: [{ and_ids: { ids: principals } }] } },
      },
    },
  };
}

function principalOf({ claim, quantity, values }: ClaimCondition): object {
  const any = claimIs(claim, values);
  return quantity === 'any' ? any : { not_id: any };
}

/** One of the values is the claim, or a member of it. */
function claimIs(claim: string, values: readonly string[]): object {
  const each = values.map((exact) => {
    const string_match = { exact };
    const value_matchers = [{ string_match }, { list_match: { one_of: { string_match } } }];
    const metadata_matcher = {
      filter: jwtFilter,
      path: [{ key: provider }, { key: claim }],
      value: { or_match: { value_matchers } },
    };
    return { sourced_metadata: { metadata_matcher } };
  });
  return each.length === 1 ? (each[0] ?? {}) : { or_ids: { ids: each } };
}

/** The cluster that the key set is fetched from, or none where it stands in the configuration. */
export function jwksClusters({ keys }: MeshTarget) {
  if (keys.kind === 'inline') return [];
  const { scheme, host, port } = addressOf(keys.uri);
  const tls = {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': `${types}.transport_sockets.tls.v3.UpstreamTlsContext`,
      sni: host,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: '/etc/ssl/certs/ca-certificates.crt' },
          match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: host } }],
        },
      },
    },
  };
  return [
    {
      name: jwksCluster,
      type: 'STRICT_DNS',
      connect_timeout: '5s',
      load_assignment: loadAssignment(jwksCluster, host, port),
      ...(scheme === 'https' ? { transport_socket: tls } : {}),
    },
  ];
}

export function loadAssignment(cluster: string, address: string, port: number) {
  const endpoint = { address: { socket_address: { address, port_value: port } } };
  return { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint }] }] };
}

function addressOf(uri: string): { scheme: string; host: string; port: number } {
  const { protocol, hostname, port } = new URL(uri);
  const scheme = protocol.replace(':', '');
  return { scheme, host: hostname, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) };
}
