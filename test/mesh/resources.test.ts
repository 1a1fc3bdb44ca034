import { beforeAll, describe, expect, test } from 'vitest';
import type { MeshName } from '../../src/mesh/meshes.ts';
import { manifestText } from '../../src/mesh/render.ts';
import { validateResources } from '../helpers/mesh-tools.ts';
import { needs } from '../helpers/needs.ts';
import { issuer, jwks, rendered } from './fixtures.ts';

const policies = {
  'any enrolled user': { userVerification: false },
  'every rule that a mesh holds': {
    groups: { any: ['a', 'no', '1_000'], all: ['c', 'on'], none: ['e', '012'] },
    users: ['ana', 'b"\\ob', 'y', 'ü: -', '{{x}}', '# no comment', 'true'],
    deny: { users: ['m', '~'], groups: ['n', '1:30'] },
    methods: ['GET', 'POST'],
  },
  'long lists': {
    groups: { any: Array.from({ length: 128 }, (_, i) => `group-${i}`) },
    deny: { users: Array.from({ length: 128 }, (_, i) => `user-${i}`) },
  },
};
const keySources = {
  inline: { kind: 'inline', jwks },
  remote: { kind: 'remote', uri: `${issuer}/fido2/jwks.json` },
} as const;

/** Those whose definitions are to be had. Kuma’s and Linkerd’s are not; Consul’s entries are no resources. */
const known: readonly MeshName[] = ['istio', 'istio-ambient', 'envoy-gateway', 'cilium'];

const cases = known.flatMap((mesh) =>
  Object.keys(policies).flatMap((policy) => Object.keys(keySources).map((keys) => [mesh, policy, keys] as const)),
) as [MeshName, keyof typeof policies, keyof typeof keySources][];

const textOf = (...[mesh, policy, keys]: (typeof cases)[number]) =>
  rendered(mesh, policies[policy], { keys: keySources[keys] }).map(manifestText).join('---\n');

describe.runIf(await needs('mesh tools'))('Kubernetes itself', () => {
  let found: readonly string[];
  beforeAll(async () => {
    found = await validateResources(cases.map((each) => textOf(...each)));
  });

  test.each(cases.map((each, index) => [...each, index] as const))('accepts %s, %s, keys %s', (_, __, ___, index) => {
    expect(found[index]).toBe('');
  });

  test('refuses what is no field, no value, and what a rule of CEL forbids', async () => {
    const istio = textOf('istio', 'any enrolled user', 'inline');
    const gateway = textOf('envoy-gateway', 'any enrolled user', 'inline');
    const targetRefs = 'targetRefs: [{group: "", kind: Service, name: payments}]';
    const wrong: readonly [text: string, what: string][] = [
      [istio.replace('audiences:', 'audience:'), 'unknown field'],
      [istio.replace('STRICT', 'STRICTER'), 'Unsupported value'],
      [
        istio.replaceAll('  selector:', `  ${targetRefs}\n  selector:`),
        'only one of targetRefs or selector can be set',
      ],
      [gateway.replace('kind: HTTPRoute', 'kind: Route'), 'targetRefs'],
      [gateway.replace('defaultAction: Deny', 'defaultAction: deny'), 'Unsupported value'],
    ];
    const answers = await validateResources(wrong.map(([text]) => text));
    answers.forEach((answer, index) => {
      expect(answer).toContain(wrong[index]?.[1]);
    });
  });
});
