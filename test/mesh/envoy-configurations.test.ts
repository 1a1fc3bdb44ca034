import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { manifestText } from '../../src/mesh/render.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { validateEnvoy } from '../helpers/envoy.ts';
import { needs } from '../helpers/needs.ts';
import { createSvid, writeSvid } from '../helpers/svid.ts';
import { envoyParts, type PartName } from './envoy-parts.ts';
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

const cases = Object.keys(envoyParts).flatMap((mesh) =>
  Object.keys(policies).flatMap((policy) => Object.keys(keySources).map((keys) => [mesh, policy, keys] as const)),
) as [PartName, keyof typeof policies, keyof typeof keySources][];

describe.runIf(await needs('envoy'))('Envoy itself accepts', () => {
  test.each(cases)('%s, %s, keys %s', async (mesh, policy, keys) => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-mesh-'));
    try {
      const authority = createAuthority('cluster.local');
      writeSvid(folder, createSvid(authority, 'spiffe://cluster.local/ns/payments/sa/payments'), authority);
      const places = { port: 8080, listenPort: 8443, svid: folder, etc: folder, waypoint: 'w', gateway: 'g' };
      const changes = { keys: keySources[keys], places };
      const files = rendered('envoy', policies[policy], changes);
      for (const file of files) writeFileSync(join(folder, file.name), manifestText(file));
      const [own = {}] = files[0]?.documents ?? [];
      const part = {
        node: { id: 'test', cluster: 'test' },
        static_resources: envoyParts[mesh](policies[policy], changes),
      };
      expect(await validateEnvoy(mesh === 'envoy' ? own : part)).toBe('');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('and refuses what is no field of its own', async () => {
    expect(await validateEnvoy({ static_resources: { listenrs: [] } })).toContain('listenrs');
  });
});
