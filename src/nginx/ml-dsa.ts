import { fromBase64url } from '../bytes.ts';
import { verifyMlDsa } from '../crypto/ml-dsa.ts';
import { algorithms } from '../protocol/algorithms.ts';
import { akpKey } from '../protocol/public-key.ts';
import { readIncoming, writeOutgoing } from './runtime.ts';

/** Verifies ML-DSA signatures for the other scripts, on a location of the internal listener with a limit of its own. */
export default {
  /** js_content: 204 for a signature that holds, 403 for one that does not. */
  verify(r: NginxHTTPRequest): void {
    writeOutgoing(r, { status: holds(readIncoming(r).body) ? 204 : 403, headers: {}, body: '' });
  },
};

/** `NAME KEY DATA SIGNATURE`, bytes in base64url: what askMlDsa sends. */
function holds(body: string): boolean {
  const [name, ...rest] = body.split(' ');
  const algorithm = algorithms.find((row) => row.name === name);
  const [pub, data, signature] = rest.map(fromBase64url);
  if (algorithm?.kty !== 'AKP' || !pub || !data || !signature) return false;
  return verifyMlDsa(akpKey(algorithm.set, pub), data, signature);
}
