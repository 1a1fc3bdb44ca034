import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { isRecord } from '../../../src/mesh/manifest.ts';
import { documentAt, fenceWith } from '../../docs/markdown.ts';
import { Authenticator } from '../../helpers/authenticator.ts';
import { cookieName, enrol, type RequestOptions, request } from '../../helpers/client.ts';
import { runProgram } from '../../helpers/command.ts';
import { startEnvoy } from '../../helpers/envoy.ts';
import { freePort } from '../../helpers/free-port.ts';
import { meshTools } from '../../helpers/mesh-tools.ts';
import { type RunningNginx, startNginx } from '../../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../../helpers/upstream.ts';
import { askListeners } from '../../nginx/ask-listeners.ts';
import { envoyCluster, envoyFront } from '../../nginx/ext-authz-envoy.ts';

const namespace = 'edge';

/** A Gateway with a route to `orders`, and the two services that docs/ext-authz.md names. */
function surroundings(): object[] {
  const api = 'gateway.networking.k8s.io/v1';
  const service = (name: string, port: number) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { clusterIP: '127.0.0.1', ports: [{ name: 'http', port, targetPort: port, protocol: 'TCP' }] },
  });
  return [
    {
      apiVersion: api,
      kind: 'GatewayClass',
      metadata: { name: 'envoy' },
      spec: { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' },
    },
    {
      apiVersion: api,
      kind: 'Gateway',
      metadata: { name: 'edge', namespace },
      spec: { gatewayClassName: 'envoy', listeners: [{ name: 'http', port: 8080, protocol: 'HTTP' }] },
    },
    {
      apiVersion: api,
      kind: 'HTTPRoute',
      metadata: { name: 'orders', namespace },
      spec: { parentRefs: [{ name: 'edge' }], rules: [{ backendRefs: [{ name: 'orders', port: 8080 }] }] },
    },
    service('orders', 8080),
    service('fido2', 9191),
  ];
}

/** The configuration of ext_authz that Envoy Gateway makes of the policy in docs/ext-authz.md. */
async function translated(): Promise<Record<string, unknown>> {
  const policy = fenceWith(documentAt('docs/ext-authz.md'), 'yaml', 'kind: SecurityPolicy');
  const folder = mkdtempSync(join(tmpdir(), 'fido2-gateway-'));
  try {
    const file = join(folder, 'in.yaml');
    writeFileSync(file, [...surroundings().map((each) => stringify(each)), policy].join('---\n'));
    const egctl = join(await meshTools('full'), 'egctl');
    const args = ['x', 'translate', '--from', 'gateway-api', '--to', 'xds', '-t', 'all', '-o', 'json', '-f', file];
    const { status, stdout, stderr } = await runProgram([egctl, ...args]);
    if (status !== 0) throw new Error(stderr);
    const [found, ...more] = [...configurations(JSON.parse(stdout))];
    if (found === undefined || more.length > 0) throw new Error('not one configuration of ext_authz');
    return found;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function* configurations(value: unknown): Generator<Record<string, unknown>> {
  if (Array.isArray(value)) for (const each of value) yield* configurations(each);
  if (!isRecord(value)) return;
  if (String(value['@type']).endsWith('.ext_authz.v3.ExtAuthz')) yield value;
  for (const each of Object.values(value)) yield* configurations(each);
}

describe('what Envoy Gateway makes of the policy that docs/ext-authz.md shows', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let port: number;
  let cookie: string;

  beforeAll(async () => {
    const made = await translated();
    const { httpService } = made;
    if (!isRecord(httpService) || !isRecord(httpService.serverUri)) throw new Error('it asks by other means');
    const serverUri = { ...httpService.serverUri, cluster: 'answerer' };
    const filter = {
      name: 'envoy.filters.http.ext_authz',
      typed_config: { ...made, httpService: { ...httpService, serverUri } },
    };
    upstream = await startUpstream();
    const listeners = await askListeners();
    const policies = { user: {}, admin: {}, home: {}, reader: {}, crossed: {} };
    nginx = await startNginx({ http: listeners.conf, settings: { policies } });
    port = await freePort();
    await startEnvoy({
      clusters: [
        envoyCluster('app', upstream.port),
        envoyCluster('site', nginx.port),
        envoyCluster('answerer', listeners.ports['ext-authz']),
      ],
      listeners: [envoyFront({ name: 'gateway', port, ask: 'user', filter })],
    });
    ({ cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' }));
  });

  const call = (options: Partial<RequestOptions>) =>
    request({ port, origin: nginx.origin }, { path: '/orders?x=1', ...options });

  test.each(['GET', 'POST'])('admits %s of who is signed in, with our identity alone', async (method) => {
    const headers = { 'Fido2-Identity': 'forged', 'Remote-User': 'forged', Cookie: `a=1; ${cookieName}=${cookie}` };
    expect((await call({ method, headers, ...(method === 'POST' ? { body: 'x' } : {}) })).status).toBe(200);
    const arrived = upstream.last();
    expect([arrived.method, arrived.url, arrived.header('cookie')]).toEqual([method, '/orders?x=1', 'a=1']);
    await verifyIdentity(nginx, arrived.header('fido2-identity'));
    expect(JSON.stringify(arrived.headers)).not.toContain('forged');
  });

  test('refuses without a session, and where nobody answers', async () => {
    const before = upstream.arrived.length;
    const answer = await call({});
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="fido2"']);
    await nginx.stop();
    expect((await call({ headers: { Cookie: `${cookieName}=${cookie}` } })).status).toBe(403);
    expect(upstream.arrived.length).toBe(before);
  });
});
