import { parse } from 'yaml';
import { loadAssignment } from '../../src/mesh/envoy-filters.ts';
import { at, isRecord, listAt, textAt } from '../../src/mesh/manifest.ts';
import type { MeshName } from '../../src/mesh/meshes.ts';
import type { RenderRequest } from '../../src/mesh/render.ts';
import { rendered } from './fixtures.ts';

type Resource = Readonly<Record<string, unknown>>;

/** What Envoy gets of a mesh’s manifests. */
export interface EnvoyPart {
  readonly listeners: readonly Resource[];
  readonly clusters: readonly Resource[];
}

type Changes = Partial<RenderRequest> & Pick<RenderRequest, 'places'>;

function resourcesOf(bootstrap: unknown): EnvoyPart {
  const of = (name: string) => listAt(bootstrap, 'static_resources', name).filter(isRecord);
  return { listeners: of('listeners'), clusters: of('clusters') };
}

function documentsOf(mesh: MeshName, policy: object, changes: Changes): readonly Resource[] {
  const file = rendered(mesh, policy, changes).find(({ name }) => name === 'payments.yaml');
  if (file === undefined) throw new Error('nothing was rendered');
  return file.documents;
}

function withoutType(resource: Resource): Resource {
  return Object.fromEntries(Object.entries(resource).filter(([name]) => name !== '@type'));
}

/** Puts filters where a mesh puts them: before the last, in place of our own. */
function withFilters(listener: Resource, filters: readonly unknown[]): Resource {
  const chains = listAt(listener, 'filter_chains').filter(isRecord);
  const change = (manager: Resource): Resource => {
    const config = at(manager, 'typed_config');
    const last = listAt(config, 'http_filters').at(-1);
    return { ...manager, typed_config: { ...(isRecord(config) ? config : {}), http_filters: [...filters, last] } };
  };
  const filter_chains = chains.map((chain) => ({
    ...chain,
    filters: listAt(chain, 'filters').filter(isRecord).map(change),
  }));
  return { ...listener, filter_chains };
}

/** Each as the mesh would complete it to what an Envoy runs. */
export const envoyParts = {
  envoy: (policy, changes) => resourcesOf(documentsOf('envoy', policy, changes)[0]),
  // the listener is the dataplane’s, with mutual TLS like that of an Envoy of one’s own
  kuma: (policy, changes) => {
    const patches = listAt(documentsOf('kuma', policy, changes)[1], 'spec', 'default', 'appendModifications');
    const values = (kind: string) =>
      patches.flatMap((each) => {
        const text = textAt(each, kind, 'value');
        const value: unknown = text === undefined ? null : parse(text);
        return isRecord(value) ? [value] : [];
      });
    const { listeners, clusters } = resourcesOf(documentsOf('envoy', policy, changes)[0]);
    const upstream = clusters.filter(({ name }) => name === 'payments');
    return {
      // each patch goes to the front
      listeners: listeners.map((listener) => withFilters(listener, values('httpFilter').reverse())),
      clusters: [...upstream, ...values('cluster')],
    };
  },
  cilium: (policy, changes) => {
    const { places } = changes;
    const resources = listAt(documentsOf('cilium', policy, changes)[0], 'spec', 'resources').filter(isRecord);
    const [listener = {}, ...clusters] = resources.map(withoutType);
    const address = { socket_address: { address: '127.0.0.1', port_value: places.listenPort } };
    const known = ({ eds_cluster_config, ...cluster }: Resource): Resource =>
      eds_cluster_config === undefined
        ? cluster
        : {
            ...cluster,
            type: 'STATIC',
            load_assignment: loadAssignment(String(cluster.name), '127.0.0.1', places.port),
          };
    return { listeners: [{ ...listener, address }], clusters: clusters.map(known) };
  },
  linkerd: (policy, changes) => {
    const text = textAt(documentsOf('linkerd', policy, changes)[4], 'data', 'envoy.yaml');
    return resourcesOf(parse(text ?? ''));
  },
} as const satisfies Partial<Record<MeshName, (policy: object, changes: Changes) => EnvoyPart>>;

export type PartName = keyof typeof envoyParts;
