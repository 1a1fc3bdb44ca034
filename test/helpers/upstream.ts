import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyResult, jwtVerify } from 'jose';
import { cleanUp } from './cleanup.ts';
import { get, type Site } from './client.ts';

/** A request as it arrived. */
export interface Arrived {
  readonly method: string;
  readonly url: string;
  /** Name and value as they stood on the wire, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** The header's one value, or undefined. Throws for one that came twice. */
  header(name: string): string | undefined;
}

export type Respond = (arrived: Arrived, response: ServerResponse) => void;

export interface Upstream {
  readonly port: number;
  readonly arrived: Arrived[];
  /** The newest request. Throws where there is none. */
  last(): Arrived;
}

const reply: Respond = (arrived, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ marker: 'upstream', method: arrived.method, url: arrived.url }));
};

/** An HTTP server that remembers what arrived; it answers 200 unless told otherwise. */
export async function startUpstream(respond: Respond = reply): Promise<Upstream> {
  const arrived: Arrived[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const one = arrivedOf(request, Buffer.concat(chunks));
      arrived.push(one);
      respond(one, response);
    });
  });
  // nginx must not meet a connection that ends just now
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the upstream has no port');
  return {
    port: address.port,
    arrived,
    last() {
      const newest = arrived.at(-1);
      if (newest === undefined) throw new Error('nothing arrived at the upstream');
      return newest;
    },
  };
}

function arrivedOf(request: IncomingMessage, body: Buffer): Arrived {
  const { rawHeaders } = request;
  const headers: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) headers.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers,
    body,
    header(name) {
      const values = headers.filter(([each]) => each.toLowerCase() === name.toLowerCase());
      if (values.length > 1) throw new Error(`${name} arrived ${values.length} times`);
      return values[0]?.[1];
    },
  };
}

/** Verifies an identity token as a workload does: against the published keys, with the algorithm pinned. */
export async function verifyIdentity(
  site: Site,
  token: string | undefined,
  expected: { issuer?: string; audience?: string } = {},
): Promise<JWTVerifyResult> {
  if (token === undefined) throw new Error('no identity token');
  const keys = (await get(site, '/fido2/jwks.json')).json<JSONWebKeySet>();
  const { issuer = site.origin, audience = issuer } = expected;
  return jwtVerify(token, createLocalJWKSet(keys), { issuer, audience, algorithms: ['ES256'] });
}
