import { request } from 'node:https';
import type { DemoMeshFacts } from '../pages/demo-mesh.ts';

/** Whom the demo application calls its own Envoys as, to show that they refuse it. */
export interface MeshCalls {
  /** SPIFFE ID of the edge. */
  readonly edge: string;
  /** PEM. */
  readonly authority: string;
  /** Another workload of the mesh. */
  readonly other: { readonly id: string; readonly certificate: string; readonly key: string };
  /** Where the Envoy of each workload listens. */
  readonly ports: Readonly<Record<string, number>>;
}

/** What the Envoy of the workload said of this request, and says of the same token from others than the edge. */
export async function meshFacts(calls: MeshCalls, path: string, token: string): Promise<DemoMeshFacts> {
  const workload = path.split('/')[1] ?? '';
  const port = calls.ports[workload];
  if (port === undefined) throw new Error(`no workload has ${path}`);
  const { certificate: cert, key } = calls.other;
  const anonymous = await call({ port, path, token, ca: calls.authority });
  const other = await call({ port, path, token, ca: calls.authority, cert, key });
  return {
    workload,
    edge: calls.edge,
    callers: [
      { who: null, status: anonymous },
      { who: calls.other.id, status: other },
    ],
  };
}

interface Call {
  readonly port: number;
  readonly path: string;
  readonly token: string;
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The status, or null where the connection was refused before anything was said. */
function call({ path, token, ...tls }: Call): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...tls,
      host: '127.0.0.1',
      path,
      headers: { 'Fido2-Identity': token },
      agent: false,
      timeout: 3000,
      // by its address there is no name to compare; the authority is
      checkServerIdentity: () => undefined,
    });
    asked.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? null);
    });
    asked.on('timeout', () => asked.destroy(new Error('the mesh did not answer in time')));
    asked.on('error', (error: NodeJS.ErrnoException) => {
      const isRefusal = /^ERR_SSL_|^ECONNRESET$|^EPIPE$/.test(error.code ?? '');
      if (isRefusal) resolve(null);
      else reject(error);
    });
    asked.end();
  });
}
