import { createServer } from 'node:http';
import type { RenderRequest } from '../../src/mesh/render.ts';
import type { CertificateAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import type { RunningEnvoy } from '../helpers/envoy.ts';
import { callPlainly, callWorkload, type MeshAnswer, type Svid } from '../helpers/svid.ts';

export interface Call {
  /** Null: no certificate. Default: the edge’s. */
  readonly svid?: Svid | null;
  readonly token?: string | null;
  /** Without TLS. */
  readonly isPlain?: true;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** A real mesh that holds a policy, a workload behind it that tells what it received, and the edge. */
export interface MeshRig {
  readonly envoy: RunningEnvoy;
  readonly authority: CertificateAuthority;
  readonly edge: Svid;
  /** Resolves when the mesh holds what is rendered for this policy. */
  setPolicy(policy: object, changes?: Partial<RenderRequest>): Promise<void>;
  call(options: Call): Promise<MeshAnswer>;
  /** Gives the workload’s proxy another certificate. */
  renew(svid: Svid): void;
}

export const workloadId = 'spiffe://cluster.local/ns/payments/sa/payments';

/** Answers with the headers that reached it. */
export async function startWorkload(): Promise<number> {
  const server = createServer((request, response) => {
    response.end(JSON.stringify(request.headers));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the workload has no port');
  return address.port;
}

/** The headers of a call, the token among them. */
export function headersOf({ token = null, headers = {} }: Call): Readonly<Record<string, string | readonly string[]>> {
  return { ...(token === null ? {} : { 'Fido2-Identity': token }), ...headers };
}

/** A call straight to the proxy that listens there, by the edge unless the call says otherwise. */
export function callProxy(
  call: Call,
  proxy: { readonly port: number; readonly edge: Svid; readonly authority: Pick<CertificateAuthority, 'certificate'> },
): Promise<MeshAnswer> {
  const { svid = proxy.edge, isPlain = false, method = 'GET', path = '/' } = call;
  const request = { port: proxy.port, method, path, headers: headersOf(call) };
  return isPlain ? callPlainly(request) : callWorkload({ ...request, svid, authority: proxy.authority });
}
