const types = 'type.googleapis.com/envoy.extensions.filters';
const extAuthz = 'envoy.filters.http.ext_authz';

/** What the gate reads of a client's request; the rest of its headers stays with Envoy. */
const asked = [
  ...['cookie', 'origin', 'accept', 'x-forwarded-for', 'sec-fetch-mode', 'sec-fetch-site'],
  ...['sec-websocket-version', 'sec-websocket-key', 'access-control-request-method'],
];

export interface EnvoyFront {
  readonly name: string;
  readonly port: number;
  /** The location that is asked: /ask/NAME. */
  readonly ask: string;
  /** Cluster of the listener that answers. */
  readonly answerer?: string;
  /** Headers of the answer that go on besides the identity and the cookies. */
  readonly told?: readonly string[];
  /** The filter that asks, where somebody else has made it. */
  readonly filter?: object;
}

/** A listener before the cluster `app` that asks first; /fido2/ goes to the site itself. */
export function envoyFront({ name, port, ask, answerer = 'answerer', told = [], filter }: EnvoyFront) {
  const open = {
    [extAuthz]: { '@type': `${types}.http.ext_authz.v3.ExtAuthzPerRoute`, disabled: true },
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type': `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              use_remote_address: true,
              upgrade_configs: [{ upgrade_type: 'websocket' }],
              route_config: {
                name,
                virtual_hosts: [
                  {
                    name,
                    domains: ['*'],
                    routes: [
                      { match: { prefix: '/fido2/' }, route: { cluster: 'site' }, typed_per_filter_config: open },
                      { match: { prefix: '/' }, route: { cluster: 'app' } },
                    ],
                  },
                ],
              },
              http_filters: [
                filter ?? askingFilter(`/ask/${ask}`, answerer, ['fido2-identity', 'cookie', ...told]),
                { name: 'envoy.filters.http.router', typed_config: { '@type': `${types}.http.router.v3.Router` } },
              ],
            },
          },
        ],
      },
    ],
  };
}

/** The filter that asks. `taken`: which headers of a 200 go on. */
export function askingFilter(path_prefix: string, cluster: string, taken: readonly string[]) {
  return {
    name: extAuthz,
    typed_config: {
      '@type': `${types}.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: 'V3',
      failure_mode_allow: false,
      status_on_error: { code: 'ServiceUnavailable' },
      allowed_headers: { patterns: asked.map((exact) => ({ exact, ignore_case: true })) },
      http_service: {
        server_uri: { uri: 'http://answerer', cluster, timeout: '2s' },
        path_prefix,
        authorization_response: {
          allowed_upstream_headers: { patterns: taken.map((exact) => ({ exact })) },
        },
      },
    },
  };
}

/** A cluster of one address. */
export function envoyCluster(name: string, port: number) {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return {
    name,
    type: 'STATIC',
    connect_timeout: '1s',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}
