import { Fido2Error } from '../errors.ts';
import { findAlgorithm } from './algorithms.ts';
import { type CborMap, type CborRules, decodeCborMap, hasExactly } from './cbor.ts';
import { akpKey, ecKey, okpKey, type PublicKey, rsaKey } from './public-key.ts';

/** A COSE_Key of which no more is known than its algorithm. */
export interface CoseKey {
  readonly algorithm: number;
  readonly parameters: CborMap;
}

/** Labels and values of RFC 9052 section 7, RFC 9053 section 7, RFC 8230 section 4 and RFC 9964 section 3. */
const label = { kty: 1, alg: 3, crv: -1, x: -2, y: -3, n: -1, e: -2, pub: -1 };
const keyType = { OKP: 1, EC: 2, RSA: 3, AKP: 7 };
const curveId = { 'P-256': 1, 'P-384': 2, 'P-521': 3, Ed25519: 6, Ed448: 7, secp256k1: 8 };

/** Reads a COSE_Key as far as its `alg`, which a credential's key must have. */
export function parseCoseKey(bytes: Uint8Array, rules?: CborRules): CoseKey {
  const parameters = decodeCborMap(bytes, rules);
  const algorithm = parameters.get(label.alg);
  if (typeof algorithm !== 'number') throw invalid('the COSE key has no alg');
  return { algorithm, parameters };
}

/**
 * The key itself: kty and crv are those that the algorithm is bound to (Level 3, section 5.8.5), points are
 * uncompressed and on the curve, and there are no optional parameters (section 6.5.1). Throws `public_key_invalid`.
 */
export function toPublicKey({ algorithm: id, parameters }: CoseKey): PublicKey {
  const algorithm = findAlgorithm(id);
  if (algorithm === undefined) throw invalid(`algorithm ${id} is not supported`);
  const kty = parameters.get(label.kty);
  if (kty !== keyType[algorithm.kty]) throw invalid(`kty ${kty} with algorithm ${algorithm.name}`);
  const bytes = (name: number): Uint8Array => {
    const value = parameters.get(name);
    if (!(value instanceof Uint8Array)) throw invalid(`parameter ${name} of the COSE key is not a byte string`);
    return value;
  };
  if (algorithm.kty === 'RSA') {
    requireOnly(parameters, label.kty, label.alg, label.n, label.e);
    return rsaKey(bytes(label.n), bytes(label.e));
  }
  if (algorithm.kty === 'AKP') {
    requireOnly(parameters, label.kty, label.alg, label.pub);
    return akpKey(algorithm.set, bytes(label.pub));
  }
  const crv = parameters.get(label.crv);
  if (crv !== curveId[algorithm.crv]) throw invalid(`crv ${crv} with algorithm ${algorithm.name}`);
  if (algorithm.kty === 'OKP') {
    requireOnly(parameters, label.kty, label.alg, label.crv, label.x);
    return okpKey(algorithm.crv, bytes(label.x));
  }
  requireOnly(parameters, label.kty, label.alg, label.crv, label.x, label.y);
  return ecKey(algorithm.crv, bytes(label.x), bytes(label.y));
}

function requireOnly(parameters: CborMap, ...labels: readonly number[]): void {
  if (!hasExactly(parameters, ...labels)) throw invalid('the COSE key has optional parameters');
}

function invalid(detail: string): Fido2Error {
  return new Fido2Error('public_key_invalid', detail);
}
