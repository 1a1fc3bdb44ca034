import { concat, toBase64url } from '../bytes.ts';
import type { Algorithm, MlDsaAlgorithm } from '../protocol/algorithms.ts';
import type { AkpKey, PublicKey } from '../protocol/public-key.ts';
import { digestLength } from './digest.ts';
import { derToRaw } from './ecdsa-signature.ts';
import type { HashName, Subtle, SubtleKey } from './subtle.ts';

interface Parameters {
  readonly name: string;
  readonly hash?: HashName;
  readonly namedCurve?: string;
  readonly saltLength?: number;
}

type NativeAlgorithm = Exclude<Algorithm, MlDsaAlgorithm>;
type NativeKey = Exclude<PublicKey, AkpKey>;

/** Verifies by the runtime's WebCrypto. What it cannot import or verify is false. */
export async function verifyNative(
  subtle: Subtle,
  algorithm: NativeAlgorithm,
  key: NativeKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const raw = key.kty === 'EC' ? derToRaw(signature, key.x.length) : signature;
  if (raw === null) return false;
  try {
    const imported = await importKey(subtle, algorithm, key);
    return await subtle.verify(verifyParameters(algorithm), imported, raw, data);
  } catch (_) {
    return false;
  }
}

/** A public key (RFC 8032 section 7.1, test 1) to try whether there is Ed25519: most builds of nginx lack it. */
const ed25519Sample = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

/** Whether the runtime's WebCrypto has the algorithm. Ed448, secp256k1 and ML-DSA are nowhere, or experimental. */
export async function isNative(subtle: Subtle, algorithm: Algorithm): Promise<boolean> {
  if (algorithm.kty === 'RSA') return true;
  if (algorithm.kty === 'EC') return algorithm.crv !== 'secp256k1';
  if (algorithm.kty === 'AKP' || algorithm.crv !== 'Ed25519') return false;
  try {
    await subtle.importKey('jwk', ed25519Sample, { name: 'Ed25519' }, false, ['verify']);
    return true;
  } catch (_) {
    return false;
  }
}

function importKey(subtle: Subtle, algorithm: NativeAlgorithm, key: NativeKey): Promise<SubtleKey> {
  const parameters = importParameters(algorithm, key);
  if (key.kty === 'RSA') {
    const jwk = { kty: 'RSA', n: toBase64url(key.n), e: toBase64url(key.e) };
    return subtle.importKey('jwk', jwk, parameters, false, ['verify']);
  }
  const point = key.kty === 'EC' ? concat(Uint8Array.of(4), key.x, key.y) : key.x;
  return subtle.importKey('raw', point, parameters, false, ['verify']);
}

function importParameters(algorithm: NativeAlgorithm, key: NativeKey): Parameters {
  const { name } = verifyParameters(algorithm);
  if (key.kty === 'EC') return { name, namedCurve: key.crv };
  return algorithm.kty === 'RSA' ? { name, hash: algorithm.hash } : { name };
}

function verifyParameters(algorithm: NativeAlgorithm): Parameters {
  if (algorithm.kty === 'EC') return { name: 'ECDSA', hash: algorithm.hash };
  if (algorithm.kty === 'OKP') return { name: algorithm.crv };
  if (algorithm.padding === 'pkcs1') return { name: 'RSASSA-PKCS1-v1_5' };
  return { name: 'RSA-PSS', saltLength: digestLength[algorithm.hash] };
}
