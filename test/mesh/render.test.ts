import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { listAt } from '../../src/mesh/manifest.ts';
import { MeshError } from '../../src/mesh/mesh-error.ts';
import { type MeshName, meshes } from '../../src/mesh/meshes.ts';
import { manifestText } from '../../src/mesh/render.ts';
import { parseSpiffeId } from '../../src/mesh/spiffe.ts';
import { edgeId, issuer, jwks, rendered, settingsWith } from './fixtures.ts';

const all = Object.keys(meshes) as MeshName[];
const remote = { kind: 'remote', uri: `${issuer}/fido2/jwks.json` } as const;
const rich = {
  groups: { any: ['payments', 'admins'], all: ['staff', 'oncall'], none: ['interns'] },
  deny: { users: ['mallory'] },
  methods: ['GET', 'POST'],
};
/** Consul compares no lists. */
const poor = { users: ['ana', 'bob'], methods: ['GET'], userVerification: false };

/** What the finding says, and what it advises. */
function refusal(mesh: MeshName, policy: object, changes: Parameters<typeof rendered>[2] = {}): string[] {
  try {
    rendered(mesh, policy, changes);
  } catch (error) {
    if (error instanceof MeshError) return error.findings.map(({ message, hint }) => `${message}: ${hint}`);
    throw error;
  }
  return [];
}

describe('the text of every mesh’s manifests', () => {
  test.each(all)('%s', async (mesh) => {
    const files = rendered(mesh, mesh === 'consul' ? poor : rich, { keys: remote });
    const text = files.map((file) => `# ${file.name}\n${manifestText(file)}`).join('');
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'golden', `${mesh}.txt`));
  });

  test.each(all)('%s: reads back as what was meant', (mesh) => {
    for (const file of rendered(mesh, mesh === 'consul' ? poor : rich)) {
      const documents = parseAllDocuments(manifestText(file));
      expect([...documents].map((each) => each.toJS())).toEqual(file.documents);
    }
  });

  test.each(all)('%s: the keys stand inline where that is asked for', (mesh) => {
    const text = rendered(mesh, poor).map(manifestText).join('');
    const form = mesh === 'consul' ? Buffer.from(jwks).toString('base64') : (JSON.parse(jwks).keys[0].kid as string);
    expect(text).toContain(form);
    expect(text).not.toContain('jwks.json');
  });
});

describe('authentication and authorization always together', () => {
  const kinds = (mesh: MeshName) =>
    rendered(mesh, mesh === 'consul' ? poor : rich)
      .flatMap(({ documents }) => documents)
      .map(({ kind, Kind }) => kind ?? Kind);

  test.each<[MeshName, string[]]>([
    ['istio', ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy']],
    ['istio-ambient', ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy', 'AuthorizationPolicy']],
    ['envoy-gateway', ['ClientTrafficPolicy', 'SecurityPolicy']],
    ['consul', ['service-defaults', 'jwt-provider', 'service-intentions']],
    ['kuma', ['MeshTrafficPermission', 'MeshProxyPatch']],
    ['cilium', ['CiliumEnvoyConfig', 'CiliumNetworkPolicy']],
    ['linkerd', ['Server', 'Server', 'MeshTLSAuthentication', 'AuthorizationPolicy', 'ConfigMap']],
  ])('%s', (mesh, expected) => {
    expect(kinds(mesh).filter((kind) => kind !== undefined)).toEqual(expected);
  });

  test('Consul’s agents are told to deny what no intention allows', () => {
    const [agent] = rendered('consul', poor);
    expect(agent).toEqual({ name: 'agent.json', documents: [{ default_intention_policy: 'deny' }] });
  });

  test('a policy without conditions still asks for the token and the edge', () => {
    const text = rendered('istio', { userVerification: false }).map(manifestText).join('');
    expect(text).toContain('cluster.local/ns/edge/sa/nginx');
    expect(text).toContain('request.auth.claims[aud]');
  });
});

describe('no manifest where the mesh cannot hold the policy', () => {
  test.each(all)('%s: what no mesh knows', (mesh) => {
    const base = { userVerification: false };
    const say = (rule: string) =>
      `policy "payers" has ${rule}, which ${meshes[mesh].title} cannot express for workload "payments": `;
    const edgeRule = 'leave the rule to the policy of nginx’s location, and name one without it with --policy';
    for (const [rule, value] of [
      ['maxAge', '5m'],
      ['networks', ['10.0.0.0/8']],
      ['times', ['Mon-Fri 08:00-18:00 Z']],
      ['sameSite', true],
      ['preflight', 'pass'],
    ] as const) {
      const [only = '', ...others] = refusal(mesh, { ...base, [rule]: value });
      expect(others).toEqual([]);
      expect(only.startsWith(say(rule)), only).toBe(true);
      expect(only.endsWith(edgeRule), only).toBe(true);
    }
  });

  test('a transaction token, which has groups but no names', () => {
    const say = (policy: object) => refusal('envoy', policy, { token: 'txn' }).map((each) => each.split(',')[0]);
    expect(say({ groups: ['a'], userVerification: false })).toEqual([]);
    expect(say({ users: ['ana'], deny: { users: ['bob'] } })).toEqual([
      'policy "payers" has deny.users',
      'policy "payers" has users',
      'policy "payers" has userVerification',
    ]);
  });

  test('everything at once, not one after the other', () => {
    expect(refusal('consul', { ...rich, maxAge: '5m', users: ['ana'] }).map((each) => each.split(',')[0])).toEqual([
      'policy "payers" has maxAge',
      'policy "payers" has deny.users',
      'policy "payers" has groups.none',
      'policy "payers" has groups.all',
      'policy "payers" has groups.all',
      'policy "payers" has groups.any',
      'policy "payers" has userVerification',
    ]);
  });

  test.each(['istio', 'istio-ambient'] as const)('%s: a name that would be a pattern', (mesh) => {
    expect(refusal(mesh, { users: ['*'] })).toHaveLength(1);
    expect(refusal(mesh, { users: ['ana', 'b*'] })[0]).toContain('policy "payers" has users');
    expect(refusal(mesh, { deny: { users: ['*b'] } })[0]).toContain('is a pattern in Istio');
    expect(refusal(mesh, { users: ['a*b'] })).toEqual([]);
    const settings = settingsWith({}, { audience: 'payments*' });
    expect(refusal(mesh, {}, { settings })[0]).toContain('workload "payments" has an audience that Istio');
  });

  test('Consul: groups, unless the token has them in a map', () => {
    const policy = { groups: { any: ['a', 'b'], all: ['c'] }, users: ['ana', 'bob'], userVerification: false };
    expect(refusal('consul', policy)[0]).toContain('set "groupMap": true for the workload');
    const settings = settingsWith(policy, { groupMap: true });
    const [intentions] = rendered('consul', policy, { settings }).at(-1)?.documents ?? [];
    // several permissions would be one: Consul asks only the first that fits the path
    expect(listAt(intentions, 'Sources', 0, 'Permissions')).toHaveLength(1);
    const claims = listAt(intentions, 'Sources', 0, 'Permissions', 0, 'JWT', 'Providers').map((each) =>
      listAt(each, 'VerifyClaims').map((claim) => listAt(claim, 'Path').join('.')),
    );
    expect(claims).toEqual([
      ['iss', 'grp.c', 'grp.a', 'preferred_username'],
      ['iss', 'grp.c', 'grp.a', 'preferred_username'],
      ['iss', 'grp.c', 'grp.b', 'preferred_username'],
      ['iss', 'grp.c', 'grp.b', 'preferred_username'],
    ]);
    const many = { ...policy, groups: Array.from({ length: 200 }, (_, i) => `g${i}`) };
    const refused = refusal('consul', many, { settings: settingsWith(many, { groupMap: true }) });
    expect(refused).toHaveLength(1);
    expect(refused[0]).toContain('more than 256 combinations');
    const denying = { deny: { groups: ['x'] }, userVerification: false };
    const denied = refusal('consul', denying, { settings: settingsWith(denying, { groupMap: true }) });
    expect(denied[0]).toContain('knows no claim that must not be');
    const methods = ['GET', 'PURGE'];
    expect(refusal('consul', { methods, userVerification: false })[0]).toContain('has no method PURGE');
  });

  test('Envoy Gateway: methods and numbers of claims that it has not', () => {
    expect(refusal('envoy-gateway', { methods: ['GET', 'PURGE'] })[0]).toContain('has no method PURGE');
    const many = Array.from({ length: 16 }, (_, i) => `g${i}`);
    expect(refusal('envoy-gateway', { groups: { all: many } })[0]).toContain('groups.all');
    const names = Array.from({ length: 129 }, (_, i) => `g${i}`);
    expect(refusal('envoy-gateway', { groups: names })[0]).toContain('has groups.any');
    expect(refusal('envoy', { groups: { all: many, any: names }, methods: ['PURGE'] })).toEqual([]);
  });

  test.each(['cilium', 'linkerd', 'consul'] as const)('%s: an edge that it tells by another name', (mesh) => {
    const policy = { users: ['ana'], userVerification: false };
    const edge = parseSpiffeId('spiffe://example.org/edge');
    expect(refusal(mesh, policy, { edge })[0]).toContain('spiffe://example.org/edge is no identity that');
  });

  test('a workload that the mesh cannot select', () => {
    const settings = settingsWith({}, { namespace: undefined, labels: undefined });
    expect(refusal('istio', {}, { settings })).toEqual([
      'workload "payments" has no namespace, by which Istio selects it: "namespace": "payments"',
      'workload "payments" has no labels, by which Istio selects it: "labels": {"app": "payments"}',
    ]);
    expect(refusal('envoy', {}, { settings })).toEqual([]);
  });

  test('a workload without a policy, or with two', () => {
    const settings = settingsWith({}, { policy: undefined });
    expect(refusal('envoy', {}, { settings })[0]).toContain('its entry names no policy');
    expect(refusal('envoy', {}, { settings, policy: 'payers' })).toEqual([]);
    expect(refusal('envoy', {}, { settings, policy: 'unknown' })[0]).toContain('there is no policy "unknown"');
    expect(refusal('envoy', {}, { policy: 'other' })[0]).toContain('--policy "other"');
    expect(refusal('envoy', {}, { workloads: ['orders'] })[0]).toContain('there is no workload "orders"');
  });
});

test.each([
  '',
  'spiffe://',
  'spiffe://a',
  'spiffe://a/',
  'spiffe://A/b',
  'spiffe://a/b/',
  'spiffe://a/../b',
  'https://a/b',
])('"%s" is no SPIFFE ID of a workload', (text) => {
  expect(() => parseSpiffeId(text)).toThrow('is no SPIFFE ID');
});

describe('two workloads', () => {
  const withSecond = (name: string) => {
    const settings = settingsWith(poor);
    const workload = settings.workloads.get('payments');
    if (workload === undefined) throw new Error('the document has no workload');
    return { settings: { ...settings, workloads: new Map([...settings.workloads, [name, workload]]) } };
  };

  test('what they share stands there once', () => {
    const names = rendered('consul', poor, withSecond('orders')).map(({ name }) => name);
    expect(names.filter((name) => name === 'agent.json')).toHaveLength(1);
    expect(names).toHaveLength(7);
    const gateway = rendered('envoy-gateway', poor, withSecond('orders')).map(({ name }) => name);
    expect(gateway).toEqual(['payments.gateway.yaml', 'payments.yaml', 'orders.yaml']);
  });

  test('neither overwrites what the other needs', () => {
    expect(refusal('envoy', poor, withSecond('payments-svid'))[0]).toContain(
      'two workloads would write payments-svid.yaml',
    );
  });
});

test.each(all)('%s: a name that YAML 1.1 reads as something else stays a text', (mesh) => {
  const names = ['no', 'on', '1_000', '1:30', '012', '2001-01-01', 'null'];
  const policy = mesh === 'consul' ? { users: names, userVerification: false } : { groups: names };
  for (const file of rendered(mesh, policy)) {
    const documents = parseAllDocuments(manifestText(file), { version: '1.1' });
    expect([...documents].map((each) => each.toJS())).toEqual(file.documents);
  }
});

test('the edge is named, not a pattern of it', () => {
  for (const mesh of ['istio', 'envoy', 'envoy-gateway', 'kuma'] as const) {
    const text = rendered(mesh, rich).map(manifestText).join('');
    expect(text).toContain(edgeId.slice('spiffe://'.length));
  }
});
