import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { manifestText, type RenderRequest } from '../../src/mesh/render.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { freePort } from '../helpers/free-port.ts';
import { callThroughTunnel } from '../helpers/hbone.ts';
import { type IstioProxy, startIstiod, startIstioProxy } from '../helpers/istiod.ts';
import { createSvid } from '../helpers/svid.ts';
import { edgeId, rendered } from './fixtures.ts';
import { callProxy, headersOf, type MeshRig, startWorkload, workloadId } from './rig.ts';

const namespace = 'payments';
const host = 'payments.payments.svc.cluster.local';
const labels = { app: 'payments' };

export interface IstioRig extends MeshRig {
  /** Resolves when the proxy holds these manifests, which people wrote, and no others. */
  setManifests(text: string): Promise<void>;
}

/** The certificates that every rig starts with. */
function identities(ownId: string) {
  const authority = createAuthority('cluster.local');
  return { authority, edge: createSvid(authority, edgeId), own: createSvid(authority, ownId) };
}

function setterOf(proxy: IstioProxy, mesh: 'istio' | 'istio-ambient') {
  return (policy: object, changes: Partial<RenderRequest> = {}) =>
    proxy.setPolicies(rendered(mesh, policy, changes).map(manifestText).join('---\n'));
}

/** What Istio makes of `--for istio`, in an Envoy that listens itself, for there is nobody to redirect to it. */
export async function startSidecarRig(policy: object, changes: Partial<RenderRequest> = {}): Promise<IstioRig> {
  const { authority, edge, own } = identities(workloadId);
  const [port, listenPort] = [await startWorkload(), await freePort()];
  const metadata = (name: string) => ({ name, namespace });
  const httpPort = { number: listenPort, name: 'http', protocol: 'HTTP' };
  const base = [
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: metadata('payments'),
      spec: {
        hosts: [host],
        ports: [httpPort],
        location: 'MESH_INTERNAL',
        resolution: 'STATIC',
        workloadSelector: { labels },
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'WorkloadEntry',
      metadata: metadata('payments-1'),
      spec: { address: '127.0.0.1', labels, serviceAccount: 'payments' },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'Sidecar',
      metadata: metadata('payments'),
      spec: {
        workloadSelector: { labels },
        ingress: [{ port: httpPort, bind: '127.0.0.1', captureMode: 'NONE', defaultEndpoint: `127.0.0.1:${port}` }],
        egress: [{ hosts: ['~/*'] }],
      },
    },
  ];
  const proxy = await startIstioProxy({
    istiod: await startIstiod({ base }),
    svid: own,
    authority,
    node: {
      id: `sidecar~127.0.0.1~payments-1.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `payments.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        LABELS: labels,
        SERVICE_ACCOUNT: 'payments',
        CLUSTER_ID: 'Kubernetes',
        ISTIO_VERSION: '1.31.0',
        INTERCEPTION_MODE: 'NONE',
      },
    },
  });
  const setPolicy = setterOf(proxy, 'istio');
  await setPolicy(policy, changes);
  return {
    envoy: proxy.envoy,
    authority,
    edge,
    setPolicy: (wanted, given = changes) => setPolicy(wanted, given),
    call: (call) => callProxy(call, { port: listenPort, edge, authority }),
    renew: proxy.secrets.renew,
    setManifests: proxy.setPolicies,
  };
}

/** Where every waypoint listens, on all addresses; two of them would share what comes. */
const tunnelPort = 15_008;

/** Whoever listens here has the waypoint’s port. */
const turnPort = 15_009;

/** Waits until no other test has a waypoint; the turn ends with this file. */
async function takeTurn(): Promise<void> {
  const server = createServer();
  for (const end = Date.now() + 100_000; ; await sleep(100)) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ host: '127.0.0.1', port: turnPort, exclusive: true }, resolve);
      });
      break;
    } catch (error) {
      if (Date.now() > end) throw error;
      server.removeAllListeners();
    }
  }
  cleanUp(() => new Promise<void>((resolve) => server.close(() => resolve())));
}
const waypointService = '10.96.0.5';
const waypointLabels = { 'gateway.networking.k8s.io/gateway-name': 'waypoint' };
const serviceAddress = '10.96.0.10';
const servicePort = 80;

/**
 * What Istio makes of `--for istio-ambient` for a waypoint. It needs an address of its own: with the workload’s it is
 * taken for the workload.
 */
export async function startWaypointRig(policy: object): Promise<IstioRig> {
  await takeTurn();
  const address = '127.0.0.5';
  const { authority, edge, own } = identities('spiffe://cluster.local/ns/payments/sa/waypoint');
  const port = await startWorkload();
  const objects = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'payments', namespace, labels: { 'istio.io/use-waypoint': 'waypoint' } },
      spec: {
        clusterIP: serviceAddress,
        clusterIPs: [serviceAddress],
        selector: labels,
        ports: [{ name: 'http', port: servicePort, targetPort: port, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: { name: 'waypoint', namespace, labels: { 'istio.io/waypoint-for': 'service' } },
      spec: {
        gatewayClassName: 'istio-waypoint',
        listeners: [{ name: 'mesh', port: tunnelPort, protocol: 'HBONE' }],
      },
      status: { addresses: [{ type: 'IPAddress', value: waypointService }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'waypoint', namespace },
      spec: {
        clusterIP: waypointService,
        clusterIPs: [waypointService],
        selector: waypointLabels,
        ports: [{ name: 'mesh', port: tunnelPort, protocol: 'TCP' }],
      },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'WorkloadEntry',
      metadata: { name: 'waypoint-1', namespace },
      spec: { address, labels: waypointLabels, serviceAccount: 'waypoint' },
    },
    {
      apiVersion: 'networking.istio.io/v1',
      kind: 'WorkloadEntry',
      metadata: { name: 'payments-1', namespace },
      spec: { address: '127.0.0.1', labels, serviceAccount: 'payments' },
    },
  ];
  const istio = objects.filter(({ apiVersion }) => apiVersion !== 'v1');
  const proxy = await startIstioProxy({
    istiod: await startIstiod({ base: istio, objects }),
    svid: own,
    authority,
    node: {
      id: `waypoint~${address}~waypoint-1.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `waypoint.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        LABELS: waypointLabels,
        SERVICE_ACCOUNT: 'waypoint',
        CLUSTER_ID: 'Kubernetes',
        // from 1.31 on it would get filters that only istio-proxy has
        ISTIO_VERSION: '1.29.1',
      },
    },
  });
  const setPolicy = setterOf(proxy, 'istio-ambient');
  await setPolicy(policy);
  return {
    envoy: proxy.envoy,
    authority,
    edge,
    setPolicy,
    call: (call) => {
      if (call.isPlain) return callProxy(call, { port: tunnelPort, edge, authority });
      const { svid = edge, method = 'GET', path = '/' } = call;
      return callThroughTunnel({
        method,
        path,
        waypoint: { host: '127.0.0.1', port: tunnelPort },
        destination: `${serviceAddress}:${servicePort}`,
        svid,
        authority,
        headers: headersOf(call),
      });
    },
    renew: proxy.secrets.renew,
    setManifests: proxy.setPolicies,
  };
}
