import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import type { CborMap, CborValue } from './cbor.ts';
import type { KeyPair } from './certificates.ts';

/** COSEAlgorithmIdentifiers (IANA), and what OpenSSL calls their curve and hash. */
const algorithms = {
  ES256: { id: -7, curve: 'P-256', hash: 'sha256' },
  ES384: { id: -35, curve: 'P-384', hash: 'sha384' },
  ES512: { id: -36, curve: 'P-521', hash: 'sha512' },
  ES256K: { id: -47, curve: 'secp256k1', hash: 'sha256' },
  EdDSA: { id: -8, edwards: 'ed25519' },
  Ed448: { id: -53, edwards: 'ed448' },
  RS256: { id: -257, hash: 'sha256' },
  RS384: { id: -258, hash: 'sha384' },
  RS512: { id: -259, hash: 'sha512' },
  RS1: { id: -65535, hash: 'sha1' },
  PS256: { id: -37, hash: 'sha256', pss: true },
  PS384: { id: -38, hash: 'sha384', pss: true },
  PS512: { id: -39, hash: 'sha512', pss: true },
  'ML-DSA-44': { id: -48, set: ml_dsa44 },
  'ML-DSA-65': { id: -49, set: ml_dsa65 },
  'ML-DSA-87': { id: -50, set: ml_dsa87 },
} as const;

interface Algorithm {
  readonly id: number;
  readonly curve?: string;
  readonly edwards?: 'ed25519' | 'ed448';
  readonly hash?: string;
  readonly pss?: boolean;
  readonly set?: typeof ml_dsa44;
}

export type AlgorithmName = keyof typeof algorithms;

export const algorithmNames = Object.keys(algorithms) as AlgorithmName[];

/** By its name, its COSEAlgorithmIdentifier. */
export const coseAlgorithms = Object.fromEntries(algorithmNames.map((name) => [name, algorithms[name].id])) as Readonly<
  Record<AlgorithmName, number>
>;

/** What a credential signs with. */
export interface CredentialKeys {
  readonly coseKey: CborMap;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
  /** Absent for ML-DSA, which OpenSSL does not have everywhere. */
  readonly pair?: KeyPair;
}

let rsaPair: KeyPair | undefined;

/** One for all of RSA's algorithms: such keys take their time. */
function sharedRsaPair(): KeyPair {
  rsaPair ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
  return rsaPair;
}

/** New keys for an algorithm, RSA aside, or those of `pair`. */
export function credentialKeys(name: AlgorithmName, pair?: KeyPair): CredentialKeys {
  const algorithm: Algorithm = algorithms[name];
  if (algorithm.set !== undefined) return latticeKeys(algorithm.id, algorithm.set);
  const keys = pair ?? generate(algorithm);
  return {
    coseKey: coseKeyOf(keys.publicKey, name),
    sign: (bytes) => signWith(name, keys.privateKey, bytes),
    pair: keys,
  };
}

function latticeKeys(id: number, set: typeof ml_dsa44): CredentialKeys {
  const { publicKey, secretKey } = set.keygen();
  return { coseKey: mapOf([1, 7], [3, id], [-1, publicKey]), sign: (bytes) => set.sign(bytes, secretKey) };
}

function generate({ curve, edwards }: Algorithm): KeyPair {
  if (curve !== undefined) return generateKeyPairSync('ec', { namedCurve: curve });
  if (edwards === 'ed25519') return generateKeyPairSync('ed25519');
  if (edwards === 'ed448') return generateKeyPairSync('ed448');
  return sharedRsaPair();
}

const curveIds: Readonly<Record<string, number>> = {
  'P-256': 1,
  'P-384': 2,
  'P-521': 3,
  Ed25519: 6,
  Ed448: 7,
  secp256k1: 8,
};

/** The COSE_Key of a public key (RFC 9053, RFC 8230). */
export function coseKeyOf(publicKey: KeyObject, name: AlgorithmName): CborMap {
  const jwk = publicKey.export({ format: 'jwk' });
  const field = (text: string | undefined): Uint8Array => Buffer.from(text ?? '', 'base64url');
  const alg = coseAlgorithms[name];
  if (jwk.kty === 'RSA') return mapOf([1, 3], [3, alg], [-1, field(jwk.n)], [-2, field(jwk.e)]);
  const curve = curveIds[jwk.crv ?? ''] ?? 0;
  if (jwk.kty === 'OKP') return mapOf([1, 1], [3, alg], [-1, curve], [-2, field(jwk.x)]);
  return mapOf([1, 2], [3, alg], [-1, curve], [-2, field(jwk.x)], [-3, field(jwk.y)]);
}

function mapOf(...entries: [CborValue, CborValue][]): CborMap {
  return new Map(entries);
}

/** Signs as a credential's key does. */
export function signWith(name: AlgorithmName, key: KeyObject, bytes: Uint8Array): Uint8Array {
  const { hash, pss = false }: Algorithm = algorithms[name];
  if (!pss) return sign(hash ?? null, bytes, key);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return sign(hash ?? null, bytes, { key, padding, saltLength });
}
