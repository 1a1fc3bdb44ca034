import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { documentAt, fenceWith } from '../docs/markdown.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { type Answer, cookieName, type Enrolment, enrol, type RequestOptions, request } from '../helpers/client.ts';
import { freePort } from '../helpers/free-port.ts';
import { startIstiod, startIstioProxy } from '../helpers/istiod.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { createSvid } from '../helpers/svid.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { askListeners } from '../nginx/ask-listeners.ts';
import { workloadId } from './rig.ts';

const namespace = 'edge';
const labels = { istio: 'ingressgateway' };
const page = documentAt('docs/ext-authz.md');

/** As docs/ext-authz.md shows them, but for the port. */
function shown(port: number) {
  const mesh = parse(fenceWith(page, 'yaml', 'extensionProviders:')) as {
    extensionProviders: { name: string; envoyExtAuthzHttp: { service: string; port: number } }[];
  };
  const [provider] = mesh.extensionProviders;
  if (provider === undefined) throw new Error('no provider is shown');
  provider.envoyExtAuthzHttp.port = port;
  const policy: unknown = parse(fenceWith(page, 'yaml', 'kind: AuthorizationPolicy'));
  return { mesh, policy, service: provider.envoyExtAuthzHttp.service };
}

const isHere = (await needs('nginx')) && (await needs('envoy')) && (await needs('mesh tools'));

describe.runIf(isHere)('a real sidecar of Istio that asks as docs/ext-authz.md says', () => {
  let nginx: RunningNginx;
  let workload: Upstream;
  let port: number;
  let ada: Enrolment;

  beforeAll(async () => {
    workload = await startUpstream();
    const listeners = await askListeners();
    nginx = await startNginx({
      http: listeners.conf,
      settings: { policies: { user: {}, admin: {}, home: {}, reader: {}, crossed: {} } },
    });
    port = await freePort();
    const servicePort = await freePort();
    const { mesh, policy, service } = shown(servicePort);
    const httpPort = { number: port, name: 'http', protocol: 'HTTP' };
    const resource = (kind: string, name: string, spec: object, within = namespace) => ({
      apiVersion: 'networking.istio.io/v1',
      kind,
      metadata: { name, namespace: within },
      spec,
    });
    const istiod = await startIstiod({
      mesh,
      base: [
        resource('ServiceEntry', 'gateway', {
          hosts: ['gateway.edge.svc.cluster.local'],
          ports: [httpPort],
          location: 'MESH_INTERNAL',
          resolution: 'STATIC',
          workloadSelector: { labels },
        }),
        resource('WorkloadEntry', 'gateway-1', { address: '127.0.0.1', labels, serviceAccount: 'gateway' }),
        resource(
          'ServiceEntry',
          'fido2',
          {
            hosts: [service],
            ports: [{ number: servicePort, name: 'http', protocol: 'HTTP' }],
            location: 'MESH_EXTERNAL',
            resolution: 'STATIC',
            endpoints: [{ address: '127.0.0.1', ports: { http: listeners.ports['ext-authz'] } }],
          },
          'answerer',
        ),
        resource('Sidecar', 'gateway', {
          workloadSelector: { labels },
          ingress: [
            { port: httpPort, bind: '127.0.0.1', captureMode: 'NONE', defaultEndpoint: `127.0.0.1:${workload.port}` },
          ],
          egress: [{ bind: '127.0.0.1', captureMode: 'NONE', hosts: ['answerer/*'] }],
        }),
      ],
    });
    const authority = createAuthority('cluster.local');
    const proxy = await startIstioProxy({
      istiod,
      authority,
      svid: createSvid(authority, workloadId),
      node: {
        id: `sidecar~127.0.0.1~gateway-1.${namespace}~${namespace}.svc.cluster.local`,
        cluster: `gateway.${namespace}`,
        metadata: {
          NAMESPACE: namespace,
          LABELS: labels,
          SERVICE_ACCOUNT: 'gateway',
          CLUSTER_ID: 'Kubernetes',
          ISTIO_VERSION: '1.31.0',
          INTERCEPTION_MODE: 'NONE',
        },
      },
    });
    await proxy.setPolicies(stringify(policy));
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  const call = (options: Partial<RequestOptions> = {}): Promise<Answer> =>
    request({ port, origin: nginx.origin }, { path: '/orders?x=1', ...options });

  const forged = { 'Fido2-Identity': 'forged', Fido2_Identity: 'forged', 'Remote-User': 'forged' };

  test.each(['GET', 'POST'])(
    '%s of who is signed in, with our identity alone and every cookie but ours',
    async (method) => {
      const body = method === 'POST' ? { body: 'x'.repeat(1_000_000) } : {};
      const Cookie = `a=1; ${cookieName}=${ada.cookie}; b=2`;
      expect((await call({ method, ...body, headers: { ...forged, Cookie } })).status).toBe(200);
      const arrived = workload.last();
      expect([arrived.method, arrived.url, arrived.header('cookie')]).toEqual([method, '/orders?x=1', 'a=1; b=2']);
      await verifyIdentity(nginx, arrived.header('fido2-identity'));
      expect(JSON.stringify(arrived.headers)).not.toContain('forged');
    },
  );

  test('no session', async () => {
    const before = workload.arrived.length;
    const answer = await call({ headers: forged });
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="fido2"']);
    expect(answer.json()).toMatchObject({ code: 'session_required' });
    const person = await call({ headers: { 'Sec-Fetch-Mode': 'navigate', Accept: 'text/html' } });
    expect([person.status, person.headers.location]).toEqual([303, '/fido2/login?return_to=%2Forders%3Fx%3D1']);
    expect(workload.arrived.length).toBe(before);
  });

  test('the pages under /fido2/ are not asked about', async () => {
    expect((await call({ path: '/fido2/login' })).status).toBe(200);
    for (const path of ['/fido2/../orders', '/fido2/%2e%2e/orders', '/fido2x', '/fido2']) {
      expect((await call({ path })).status).not.toBe(200);
    }
  });

  test('the answerer is dead', async () => {
    await nginx.stop();
    const before = workload.arrived.length;
    expect((await call({ cookie: ada.cookie })).status).toBe(503);
    expect(workload.arrived.length).toBe(before);
  });
});
