import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { CborMap, CborValue } from './cbor.ts';
import type { KeyPair } from './certificates.ts';

export type AlgorithmName = 'ES256' | 'ES384' | 'ES512' | 'EdDSA' | 'RS256';

export const coseAlgorithms: Readonly<Record<AlgorithmName, number>> = {
  ES256: -7,
  ES384: -35,
  ES512: -36,
  EdDSA: -8,
  RS256: -257,
};

const hashes = { ES256: 'sha256', ES384: 'sha384', ES512: 'sha512', EdDSA: null, RS256: 'sha256' } as const;

export function generateKeys(algorithm: AlgorithmName): KeyPair {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('ec', { namedCurve: { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm] });
}

/** The COSE_Key of a public key (RFC 9053, RFC 8230). */
export function coseKeyOf(publicKey: KeyObject, algorithm: AlgorithmName): CborMap {
  const jwk = publicKey.export({ format: 'jwk' });
  const field = (text: string | undefined): Uint8Array => Buffer.from(text ?? '', 'base64url');
  const alg = coseAlgorithms[algorithm];
  const curves: Readonly<Record<string, number>> = { 'P-256': 1, 'P-384': 2, 'P-521': 3, Ed25519: 6 };
  if (jwk.kty === 'RSA') return mapOf([1, 3], [3, alg], [-1, field(jwk.n)], [-2, field(jwk.e)]);
  const curve = curves[jwk.crv ?? ''] ?? 0;
  if (jwk.kty === 'OKP') return mapOf([1, 1], [3, alg], [-1, curve], [-2, field(jwk.x)]);
  return mapOf([1, 2], [3, alg], [-1, curve], [-2, field(jwk.x)], [-3, field(jwk.y)]);
}

function mapOf(...entries: [CborValue, CborValue][]): CborMap {
  return new Map(entries);
}

/** Signs as a credential's key does. */
export function signWith(algorithm: AlgorithmName, privateKey: KeyObject, bytes: Uint8Array): Uint8Array {
  return sign(hashes[algorithm], bytes, privateKey);
}
