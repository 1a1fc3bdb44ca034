import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { at, isRecord, listAt, textAt } from '../../src/mesh/manifest.ts';
import { manifestText, type RenderRequest } from '../../src/mesh/render.ts';
import { type CertificateAuthority, createAuthority } from '../helpers/certificates.ts';
import { runProgram } from '../helpers/command.ts';
import { startEnvoy } from '../helpers/envoy.ts';
import { freePort } from '../helpers/free-port.ts';
import { meshTools } from '../helpers/mesh-tools.ts';
import { pem } from '../helpers/server-certificate.ts';
import { createSvid, type Svid } from '../helpers/svid.ts';
import { edgeId, rendered } from './fixtures.ts';
import { callProxy, type MeshRig, startWorkload, workloadId } from './rig.ts';

const namespace = 'payments';
const gatewayApi = 'gateway.networking.k8s.io/v1';

interface Site {
  readonly listenPort: number;
  readonly port: number;
  readonly svid: Svid;
  readonly authority: CertificateAuthority;
}

/** What stands around the policies that are rendered: a Gateway, a route, a Service, the certificates. */
function surroundings({ listenPort, port, svid, authority }: Site): object[] {
  const metadata = (name: string) => ({ name, namespace });
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const secret = (name: string, files: Readonly<Record<string, string>>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(name),
    data: Object.fromEntries(Object.entries(files).map(([file, text]) => [file, base64(text)])),
  });
  const tls = { mode: 'Terminate', certificateRefs: [{ name: 'payments-tls' }] };
  const backendRefs = [{ name: 'payments', port }];
  return [
    {
      apiVersion: gatewayApi,
      kind: 'GatewayClass',
      metadata: { name: 'envoy' },
      spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
    },
    { ...secret('payments-tls', { 'tls.crt': svid.certificate, 'tls.key': svid.key }), type: 'kubernetes.io/tls' },
    secret('fido2-edge-ca', { 'ca.crt': pem(authority.certificate) }),
    {
      apiVersion: gatewayApi,
      kind: 'Gateway',
      metadata: metadata('fido2'),
      spec: { gatewayClassName: 'envoy', listeners: [{ name: 'https', port: listenPort, protocol: 'HTTPS', tls }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('payments'),
      spec: { clusterIP: '127.0.0.1', ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }] },
    },
    {
      apiVersion: gatewayApi,
      kind: 'HTTPRoute',
      metadata: metadata('payments'),
      spec: { parentRefs: [{ name: 'fido2' }], rules: [{ backendRefs }] },
    },
  ];
}

/** Envoy Gateway’s own translation; throws where it refused a policy, for a refused one is merely absent. */
async function translate(text: string): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-gateway-'));
  try {
    const file = join(folder, 'in.yaml');
    writeFileSync(file, text);
    const egctl = join(await meshTools('full'), 'egctl');
    const run = async (to: string) => {
      const args = ['x', 'translate', '--from', 'gateway-api', '--to', to, '-t', 'all', '-o', 'json', '-f', file];
      const { status, stdout, stderr } = await runProgram([egctl, ...args]);
      if (status !== 0) throw new Error(stderr);
      return stdout;
    };
    const statuses: unknown = JSON.parse(await run('gateway-api'));
    for (const kind of ['securityPolicies', 'clientTrafficPolicies']) {
      const policies = listAt(statuses, kind);
      const accepted = policies.filter((each) => JSON.stringify(each).includes('"reason":"Accepted"'));
      if (policies.length === 0 || accepted.length < policies.length) throw new Error(JSON.stringify(policies));
    }
    return JSON.parse(await run('xds'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The value with each object replaced as `change` says, from the inside out. */
function mapRecords(value: unknown, change: (record: Record<string, unknown>) => Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((each) => mapRecords(each, change));
  if (!isRecord(value)) return value;
  return change(Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapRecords(each, change)])));
}

/** Listeners and clusters that need no server of xDS: what they refer to stands in them. */
function standalone(dump: unknown, { svid, authority, listenPort }: Site) {
  const configs = listAt(dump, 'xds', `${namespace}/fido2`, 'configs');
  const all = (member: string) => configs.flatMap((each) => listAt(each, member));
  const routes = all('dynamicRouteConfigs').map((each) => at(each, 'routeConfig'));
  const endpoints = all('dynamicEndpointConfigs').map((each) => at(each, 'endpointConfig'));
  const untyped = (value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([name]) => name !== '@type')) : {};
  const inline = (whole: Record<string, unknown>): Record<string, unknown> => {
    // a log to standard output, which is no file here
    const record = Object.fromEntries(Object.entries(whole).filter(([name]) => name !== 'accessLog'));
    const { rds, tlsCertificateSdsSecretConfigs, combinedValidationContext, type, edsClusterConfig, ...rest } = record;
    if (rds !== undefined) {
      const name = textAt(rds, 'routeConfigName');
      return { ...rest, routeConfig: untyped(routes.find((each) => textAt(each, 'name') === name)) };
    }
    if (tlsCertificateSdsSecretConfigs !== undefined) {
      const tlsCertificates = [
        { certificateChain: { inlineString: svid.certificate }, privateKey: { inlineString: svid.key } },
      ];
      const context = untyped(at(combinedValidationContext, 'defaultValidationContext'));
      const trustedCa = { inlineString: pem(authority.certificate) };
      return { ...rest, tlsCertificates, validationContext: { ...context, trustedCa } };
    }
    if (edsClusterConfig !== undefined) {
      const name = textAt(edsClusterConfig, 'serviceName');
      const found = endpoints.find((each) => textAt(each, 'clusterName') === name);
      return { ...untyped(rest), type: 'STATIC', loadAssignment: untyped(found) };
    }
    return record;
  };
  const resources = (member: string, inner: readonly string[]) =>
    all(member)
      .map((each) => mapRecords(at(each, ...inner), inline))
      .filter(isRecord);
  const listeners = resources('dynamicListeners', ['activeState', 'listener']).filter(
    (each) => at(each, 'address', 'socketAddress', 'portValue') === listenPort,
  );
  return { listeners, clusters: resources('dynamicActiveClusters', ['cluster']) };
}

/** What Envoy Gateway makes of `--for envoy-gateway`. */
export async function startGatewayRig(policy: object, changes: Partial<RenderRequest> = {}): Promise<MeshRig> {
  const authority = createAuthority('cluster.local');
  const edge = createSvid(authority, edgeId);
  const [port, listenPort] = [await startWorkload(), await freePort()];
  const site = { port, listenPort, authority, svid: createSvid(authority, workloadId) };
  const resources = async (wanted: object, given: Partial<RenderRequest>) => {
    const texts = [
      ...surroundings(site).map((each) => stringify(each)),
      ...rendered('envoy-gateway', wanted, given).map(manifestText),
    ];
    return standalone(await translate(texts.join('---\n')), site);
  };
  const envoy = await startEnvoy(await resources(policy, changes));
  return {
    envoy,
    authority,
    edge,
    setPolicy: async (wanted, given = changes) => envoy.setListeners((await resources(wanted, given)).listeners),
    call: (call) => callProxy(call, { port: listenPort, edge, authority }),
    renew: () => {
      throw new Error('its certificate is part of its configuration');
    },
  };
}
