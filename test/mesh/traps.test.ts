import { beforeAll, describe, expect, test } from 'vitest';
import { diffMesh } from '../../src/mesh/diff.ts';
import { lintMesh } from '../../src/mesh/lint/lint.ts';
import { manifestText } from '../../src/mesh/render.ts';
import { needs } from '../helpers/needs.ts';
import { ana, policy } from './cases.ts';
import { rendered, tokenOf } from './fixtures.ts';
import { type IstioRig, startSidecarRig, startWaypointRig } from './istio-rig.ts';

const textOf = (mesh: 'istio' | 'istio-ambient') => rendered(mesh, policy).map(manifestText).join('---\n');
const own = { istio: textOf('istio'), 'istio-ambient': textOf('istio-ambient') };

/** Whoever comes, with or without a token. */
const openTo = (namespace: string, more: string) => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: open, namespace: ${namespace}}
spec: {${more}rules: [{}]}
`;

const ambientNamespace = `apiVersion: v1
kind: Namespace
metadata: {name: payments, labels: {istio.io/dataplane-mode: ambient}}
---
`;
const codes = (text: string) => lintMesh([{ name: 'x.yaml', text }], { publish: 3_600_000 }).map(({ code }) => code);
const drift = (mesh: 'istio' | 'istio-ambient', text: string) =>
  diffMesh(rendered(mesh, policy), [{ name: 'x.yaml', text }]).map(({ what, name }) => `${what} ${name.split(' ')[1]}`);

/** Each opens a real workload; what is to find it does. */
describe.runIf((await needs('envoy')) && (await needs('mesh tools')))('manifests that leave a workload open', () => {
  describe('behind a sidecar', () => {
    let rig: IstioRig;
    beforeAll(async () => {
      rig = await startSidecarRig(policy);
    });
    const withoutToken = async (text: string) => {
      await rig.setManifests(text);
      return (await rig.call({})).status;
    };

    test('what is rendered does not', async () => {
      expect(await withoutToken(own.istio)).toBe(403);
      expect(codes(own.istio)).toEqual([]);
      expect(drift('istio', own.istio)).toEqual([]);
    });

    test('authentication without authorization', async () => {
      const [peers = '', authentication = ''] = own.istio.split('---\n');
      const alone = `${peers}---\n${authentication}`;
      expect(await withoutToken(alone)).toBe(200);
      expect(codes(alone)).toContain('authorization_missing');
      expect(drift('istio', alone)).toEqual(['missing payments/fido2-payments']);
    });

    test.each([
      ['of the namespace', 'payments', ''],
      ['of every namespace', 'istio-system', ''],
      ['of every namespace, by label', 'istio-system', 'selector: {matchLabels: {app: payments}}, '],
    ])('another policy %s', async (_, namespace, more) => {
      const text = own.istio + openTo(namespace, more);
      expect(await withoutToken(text)).toBe(200);
      expect(codes(text)).toContain('token_not_required');
      expect(drift('istio', text)).toEqual([`unexpected ${namespace}/open`]);
    });
  });

  describe('behind a waypoint', () => {
    let rig: IstioRig;
    beforeAll(async () => {
      rig = await startWaypointRig(policy);
    });
    const withoutToken = async (text: string) => {
      await rig.setManifests(text);
      return (await rig.call({})).status;
    };

    test('what is rendered does not', async () => {
      expect(await withoutToken(own['istio-ambient'])).toBe(403);
      expect(codes(ambientNamespace + own['istio-ambient'])).toEqual([]);
    });

    test('policies with a selector, which it passes over', async () => {
      expect(await withoutToken(own.istio)).toBe(200);
      const wrongGroup = await tokenOf({ ...ana, groups: [] });
      expect((await rig.call({ token: wrongGroup })).status).toBe(200);
      expect(codes(ambientNamespace + own.istio)).toContain('selector_on_waypoint');
    });

    test('another policy of the whole waypoint', async () => {
      const gateway = '{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}';
      const text = own['istio-ambient'] + openTo('payments', `targetRefs: [${gateway}], `);
      expect(await withoutToken(text)).toBe(200);
      expect(codes(ambientNamespace + text)).toContain('token_not_required');
      expect(drift('istio-ambient', text)).toEqual(['unexpected payments/open']);
    });
  });
});
