import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { diffMesh } from '../../src/mesh/diff.ts';
import { type MeshName, meshes } from '../../src/mesh/meshes.ts';
import { manifestText } from '../../src/mesh/render.ts';
import { rendered } from './fixtures.ts';

const policyFor = (mesh: MeshName) =>
  mesh === 'consul' ? { users: ['ana'], userVerification: false } : { groups: ['a'] };
const filesOf = (mesh: MeshName, policy: object = policyFor(mesh)) =>
  rendered(mesh, policy).map((file) => ({ name: `out/${file.name}`, text: manifestText(file) }));
const istio = rendered('istio', { groups: ['a'] });
const [own] = filesOf('istio');
const text = own?.text ?? '';
const drift = (changed: string) => diffMesh(istio, [{ name: 'x.yaml', text: changed }]);

test.each(Object.keys(meshes) as MeshName[])('%s: what was rendered has no drift, and a changed policy has', (mesh) => {
  expect(diffMesh(rendered(mesh, policyFor(mesh)), filesOf(mesh))).toEqual([]);
  const other = mesh === 'consul' ? { users: ['bob'], userVerification: false } : { groups: ['b'] };
  const found = diffMesh(rendered(mesh, other), filesOf(mesh));
  expect(found.length).toBeGreaterThan(0);
  expect(new Set(found.map(({ what }) => what))).toEqual(new Set(['changed']));
});

test('a change is told by its object, member and line', () => {
  const line = text.split('\n').findIndex((each) => each.includes('mode: STRICT')) + 1;
  expect(drift(text.replace('STRICT', 'PERMISSIVE'))).toEqual([
    {
      what: 'changed',
      name: 'PeerAuthentication.security.istio.io payments/fido2-payments',
      file: 'x.yaml',
      line,
      detail: 'spec.mtls.mode: "PERMISSIVE", not "STRICT"',
    },
  ]);
});

test('something more is drift as much as something less', () => {
  expect(drift(text.replace('  action: ALLOW\n', '')).map(({ detail }) => detail)).toEqual([
    'spec.action: nothing, not "ALLOW"',
  ]);
  const more = drift(text.replace('  action: ALLOW\n', '  action: ALLOW\n  provider: {name: x}\n'));
  expect(more.map(({ detail }) => detail)).toEqual(['spec.provider: {"name":"x"}, not nothing']);
  const rule = drift(`${text}    - {}\n`);
  expect(rule.map(({ detail }) => detail.split(':')[0])).toEqual(['spec.rules']);
});

test('what is missing', () => {
  const [first = '', ...others] = text.split('---\n');
  expect(first).toContain('PeerAuthentication');
  expect(drift(others.join('---\n')).map(({ what, name }) => [what, name])).toEqual([
    ['missing', 'PeerAuthentication.security.istio.io payments/fido2-payments'],
  ]);
});

test('another policy for the same workload, which may allow more', () => {
  const policy = (spec: string, namespace = 'payments') =>
    `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: more, namespace: ${namespace}}\nspec: ${spec}\n`;
  const found = (spec: string, namespace?: string) => drift(text + policy(spec, namespace)).map(({ what }) => what);
  expect(found('{rules: [{}]}')).toEqual(['unexpected']);
  expect(found('{selector: {matchLabels: {app: payments}}, rules: [{}]}')).toEqual(['unexpected']);
  expect(found('{selector: {matchLabels: {app: other}}, rules: [{}]}')).toEqual([]);
  expect(found('{rules: [{}]}', 'other')).toEqual([]);
});

test('a policy for every namespace, and one for the whole waypoint', () => {
  const policy = (namespace: string, spec: string) =>
    `---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: more, namespace: ${namespace}}\nspec: ${spec}\n`;
  const root = (spec: string) => drift(text + policy('istio-system', spec)).map(({ what }) => what);
  expect(root('{rules: [{}]}')).toEqual(['unexpected']);
  expect(root('{selector: {matchLabels: {app: payments}}, rules: [{}]}')).toEqual(['unexpected']);
  expect(root('{selector: {matchLabels: {app: other}}, rules: [{}]}')).toEqual([]);

  const [ambient] = filesOf('istio-ambient');
  const beside = (namespace: string, kind: string, name: string) => {
    const spec = `{targetRefs: [{group: g, kind: ${kind}, name: ${name}}], rules: [{}]}`;
    const more = { name: 'y.yaml', text: `${ambient?.text}${policy(namespace, spec)}` };
    return diffMesh(rendered('istio-ambient', { groups: ['a'] }), [more]).map(({ what }) => what);
  };
  expect(beside('payments', 'Gateway', 'waypoint')).toEqual(['unexpected']);
  expect(beside('istio-system', 'GatewayClass', 'istio-waypoint')).toEqual(['unexpected']);
  expect(beside('payments', 'Service', 'payments')).toEqual(['unexpected']);
  expect(beside('payments', 'Service', 'other')).toEqual([]);
  expect(beside('other', 'Gateway', 'waypoint')).toEqual([]);
});

test('what a cluster adds is none', () => {
  const items = text.split('---\n').map((each) => {
    const value = parse(each) as { apiVersion: string; metadata: object };
    const metadata = { ...value.metadata, uid: 'u', resourceVersion: '7', annotations: { a: 'b' }, managedFields: [] };
    return { ...value, apiVersion: 'security.istio.io/v1beta1', metadata, status: { conditions: [] } };
  });
  expect(drift(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))).toEqual([]);
});

test('what cannot be read is drift', () => {
  const multiplied = `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => `${'bcdefghij'[i]}: &${'bcdefghij'[i]} [${`*${'abcdefghi'[i]}, `.repeat(9)}]\n`).join('')}`;
  for (const bad of ['a: [', 'a: *nowhere', multiplied]) {
    const found = diffMesh(istio, [...filesOf('istio'), { name: 'y.yaml', text: bad }]);
    expect(found.map(({ what }) => what)).toEqual(['unreadable']);
  }
});
