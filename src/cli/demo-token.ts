import { request } from 'node:http';
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { Claims, DemoFacts } from '../pages/demo.ts';

/** Where the key set is: an address, or a path of a server that listens on a unix socket. */
export type KeySet = string | URL | { readonly socketPath: string; readonly path: string };

export type Verification = Pick<DemoFacts, 'header' | 'payload' | 'verified' | 'reason'>;

export type Verify = (token: string) => Promise<Verification>;

function fetchOverSocket(socketPath: string, path: string): Promise<Response> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, headers: { host: 'localhost' }, timeout: 5000 }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode ?? 502 })));
      answer.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('the key set did not come in time')));
    call.on('error', reject);
    call.end();
  });
}

function keysOf(keySet: KeySet): ReturnType<typeof createRemoteJWKSet> {
  if (typeof keySet === 'string' || keySet instanceof URL) return createRemoteJWKSet(new URL(keySet));
  const { socketPath, path } = keySet;
  const options = { [customFetch]: () => fetchOverSocket(socketPath, path) };
  return createRemoteJWKSet(new URL(path, 'http://localhost'), options);
}

/** The parts of a token, whether or not it holds; null where there is nothing to read. */
function read(token: string, decode: (token: string) => object): Claims | null {
  try {
    return { ...decode(token) };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
    throw error;
  }
}

/** A verifier of identity tokens, which does what any workload behind the gate does with a JWT library. */
export function tokenVerifier(keySet: KeySet, issuer: string, audience: string): Verify {
  const keys = keysOf(keySet);
  return async (token) => {
    const parts = { header: read(token, decodeProtectedHeader), payload: read(token, decodeJwt) };
    try {
      const requiredClaims = ['sub', 'exp', 'iat', 'jti'];
      await jwtVerify(token, keys, { issuer, audience, algorithms: ['ES256'], requiredClaims });
      return { ...parts, verified: true, reason: '' };
    } catch (error) {
      return { ...parts, verified: false, reason: error instanceof Error ? error.message : String(error) };
    }
  };
}
