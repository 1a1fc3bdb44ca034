import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadAssignment } from '../../src/mesh/envoy-filters.ts';
import type { MeshName } from '../../src/mesh/meshes.ts';
import { manifestText } from '../../src/mesh/render.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { validateEnvoy } from '../helpers/envoy.ts';
import { needs } from '../helpers/needs.ts';
import { createSvid, writeSvid } from '../helpers/svid.ts';
import { issuer, jwks, rendered } from './fixtures.ts';

const policies = {
  'any enrolled user': { userVerification: false },
  'every rule that Envoy has': {
    groups: { any: ['a', 'b'], all: ['c', 'd'], none: ['e'] },
    users: ['ana', 'b"\\ob'],
    deny: { users: ['m'], groups: ['n', 'o'] },
    methods: ['GET', 'PURGE'],
  },
};
const keySources = {
  inline: { kind: 'inline', jwks },
  remote: { kind: 'remote', uri: `${issuer}/fido2/jwks.json` },
  'remote on a port': { kind: 'remote', uri: 'http://localhost:8080/fido2/jwks.json' },
} as const;

type Resource = Readonly<Record<string, unknown>>;

/** The Envoy configuration in what the mesh gets, completed to a bootstrap as the mesh does it. */
const bootstraps = {
  envoy: (files) => files['payments.yaml']?.[0] ?? {},
  kuma: (files) => {
    const patch = at(files['payments.yaml']?.[1], 'spec', 'default', 'appendModifications') as Resource[];
    const values = (kind: string) =>
      patch.flatMap((each) => (kind in each ? [parse(String(at(each, kind, 'value'))) as Resource] : []));
    // each goes to the front
    return bootstrapOf({ filters: values('httpFilter').reverse(), clusters: values('cluster') });
  },
  cilium: (files) => {
    const [listener = {}, ...clusters] = at(files['payments.yaml']?.[0], 'spec', 'resources') as Resource[];
    const plain = (resource: Resource) =>
      Object.fromEntries(Object.entries(resource).filter(([name]) => name !== '@type'));
    const eds = (cluster: Resource) =>
      'eds_cluster_config' in cluster ? { name: cluster.name, type: 'STATIC', connect_timeout: '5s' } : cluster;
    return {
      static_resources: { listeners: [{ ...plain(listener), address }], clusters: clusters.map(plain).map(eds) },
    };
  },
  linkerd: (files) => parse(String(at(files['payments.yaml']?.[4], 'data', 'envoy.yaml'))) as object,
} satisfies Partial<Record<MeshName, (files: Readonly<Record<string, readonly Resource[]>>) => object>>;

const address = { socket_address: { address: '127.0.0.1', port_value: 18080 } };

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce((inner, name) => (inner as Resource | undefined)?.[name], value);
}

function bootstrapOf({ filters, clusters }: { filters: Resource[]; clusters: Resource[] }): object {
  const type = 'type.googleapis.com/envoy.extensions.filters';
  const router = { name: 'router', typed_config: { '@type': `${type}.http.router.v3.Router` } };
  const route_config = {
    virtual_hosts: [{ name: 'all', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'app' } }] }],
  };
  const manager = {
    '@type': `${type}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: 'test',
    route_config,
    http_filters: [...filters, router],
  };
  const chain = { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] };
  const app = { name: 'app', type: 'STATIC', load_assignment: loadAssignment('app', '127.0.0.1', 18081) };
  return { static_resources: { listeners: [{ address, filter_chains: [chain] }], clusters: [app, ...clusters] } };
}

const cases = Object.keys(bootstraps).flatMap((mesh) =>
  Object.keys(policies).flatMap((policy) => Object.keys(keySources).map((keys) => [mesh, policy, keys] as const)),
) as [keyof typeof bootstraps, keyof typeof policies, keyof typeof keySources][];

describe.runIf(await needs('envoy'))('Envoy itself accepts', () => {
  test.each(cases)('%s, %s, keys %s', async (mesh, policy, keys) => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-mesh-'));
    try {
      const authority = createAuthority('cluster.local');
      writeSvid(folder, createSvid(authority, 'spiffe://cluster.local/ns/payments/sa/payments'), authority);
      const places = { port: 8080, listenPort: 8443, svid: folder, etc: folder, waypoint: 'w', gateway: 'g' };
      const files = rendered(mesh, policies[policy], { keys: keySources[keys], places });
      for (const file of files) writeFileSync(join(folder, file.name), manifestText(file));
      const byName = Object.fromEntries(files.map(({ name, documents }) => [name, documents]));
      expect(await validateEnvoy(bootstraps[mesh](byName))).toBe('');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('and refuses what is no field of its own', async () => {
    expect(await validateEnvoy({ static_resources: { listenrs: [] } })).toContain('listenrs');
  });
});
