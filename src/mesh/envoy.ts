import { envoyHttpFilters, jwksClusters, loadAssignment } from './envoy-filters.ts';
import type { ManifestFile, MeshTarget } from './target.ts';

const types = 'type.googleapis.com/envoy.extensions';

/** An Envoy of one’s own: the bootstrap, and the files that it reads its certificates from again when they change. */
export function renderEnvoy(target: MeshTarget): ManifestFile[] {
  const { workload, places } = target;
  const { certificate, authority } = secretFiles(target);
  return [
    { name: `${workload}.yaml`, documents: [envoyBootstrap(target, envoyListener(target))] },
    {
      name: certificate,
      documents: [
        secret('fido2-svid', {
          tls_certificate: {
            certificate_chain: { filename: `${places.svid}/svid.pem` },
            private_key: { filename: `${places.svid}/svid.key` },
          },
        }),
      ],
    },
    {
      name: authority,
      documents: [
        secret('fido2-bundle', {
          validation_context: {
            trusted_ca: { filename: `${places.svid}/bundle.pem` },
            match_typed_subject_alt_names: [
              { san_type: 'URI', matcher: { prefix: `spiffe://${target.edge.trustDomain}/` } },
            ],
          },
        }),
      ],
    },
  ];
}

/** The whole configuration of an Envoy that passes on to a workload beside it. */
export function envoyBootstrap(target: MeshTarget, listener: object) {
  const { workload, places } = target;
  const upstream = {
    name: workload,
    type: 'STATIC',
    connect_timeout: '5s',
    load_assignment: loadAssignment(workload, '127.0.0.1', places.port),
  };
  return {
    node: { id: `fido2-${workload}`, cluster: workload },
    static_resources: { listeners: [listener], clusters: [upstream, ...jwksClusters(target)] },
  };
}

/** A listener that admits the edge alone, by its certificate. */
export function envoyListener(target: MeshTarget) {
  return listenerOf(target, {
    transport_socket: {
      name: 'envoy.transport_sockets.tls',
      typed_config: {
        '@type': `${types}.transport_sockets.tls.v3.DownstreamTlsContext`,
        require_client_certificate: true,
        common_tls_context: {
          tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
          alpn_protocols: ['h2', 'http/1.1'],
          tls_certificate_sds_secret_configs: [sds(target, 'fido2-svid', secretFiles(target).certificate)],
          validation_context_sds_secret_config: sds(target, 'fido2-bundle', secretFiles(target).authority),
        },
      },
    },
    filters: [connectionManager(target, { caller: true })],
  });
}

/** A listener behind a proxy that knows the caller already. */
export function plainListener(target: MeshTarget) {
  return listenerOf(target, { filters: [connectionManager(target, { caller: false })] });
}

function listenerOf({ workload, places }: MeshTarget, chain: object) {
  return {
    name: workload,
    address: { socket_address: { address: '0.0.0.0', port_value: places.listenPort } },
    filter_chains: [chain],
  };
}

/** The network filter that decides and passes on. */
export function connectionManager(
  target: MeshTarget,
  options: { readonly caller: boolean; readonly cluster?: string },
) {
  const { workload } = target;
  // the edge’s time-outs decide
  const route = { cluster: options.cluster ?? workload, timeout: '0s' };
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${types}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: `fido2_${workload}`,
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      route_config: {
        name: workload,
        virtual_hosts: [{ name: workload, domains: ['*'], routes: [{ match: { prefix: '/' }, route }] }],
      },
      http_filters: [
        ...envoyHttpFilters(target, options),
        {
          name: 'envoy.filters.http.router',
          typed_config: { '@type': `${types}.filters.http.router.v3.Router` },
        },
      ],
    },
  };
}

function secretFiles({ workload }: MeshTarget) {
  return { certificate: `${workload}-svid.yaml`, authority: `${workload}-bundle.yaml` };
}

function secret(name: string, content: object) {
  return { resources: [{ '@type': `${types}.transport_sockets.tls.v3.Secret`, name, ...content }] };
}

/** Envoy reads the certificates again when files are renamed into their folder. */
function sds({ places }: MeshTarget, name: string, file: string) {
  return { name, sds_config: { path_config_source: { path: `${places.etc}/${file}` }, resource_api_version: 'V3' } };
}
