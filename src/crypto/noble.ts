import { concat } from '../bytes.ts';
import type { Algorithm } from '../protocol/algorithms.ts';
import type { EcKey, EdwardsCurve, OkpKey, PublicKey, WeierstrassCurve } from '../protocol/public-key.ts';
import type { HashName } from '../protocol/verifier.ts';
import { derToRaw } from './ecdsa-signature.ts';
import { type Hash, verifyPkcs1, verifyPss } from './rsa.ts';

/**
 * Curves are loaded when a signature first needs one: loading them all costs a fresh context more than a whole
 * verification by OpenSSL. The modules in noble/ name what is used of each, for a bundler drops the rest only then.
 */
const weierstrass = {
  'P-256': async () => (await import('./noble/nist.ts')).p256,
  'P-384': async () => (await import('./noble/nist.ts')).p384,
  'P-521': async () => (await import('./noble/nist.ts')).p521,
  secp256k1: async () => (await import('./noble/secp256k1.ts')).secp256k1,
} satisfies Record<WeierstrassCurve, unknown>;

const edwards = {
  Ed25519: async () => (await import('./noble/ed25519.ts')).ed25519,
  Ed448: async () => (await import('./noble/ed448.ts')).ed448,
} satisfies Record<EdwardsCurve, unknown>;

const hashes: Readonly<Record<HashName, () => Promise<Hash>>> = {
  'SHA-1': async () => (await import('./noble/hashes.ts')).sha1,
  'SHA-256': async () => (await import('./noble/hashes.ts')).sha256,
  'SHA-384': async () => (await import('./noble/hashes.ts')).sha384,
  'SHA-512': async () => (await import('./noble/hashes.ts')).sha512,
};

/** The hash in pure JavaScript. */
export async function portableDigest(hash: HashName, bytes: Uint8Array): Promise<Uint8Array> {
  return (await hashes[hash]())(bytes);
}

/** Verifies in pure JavaScript. The key fits the algorithm; what noble cannot read is false. */
export async function verifyPortable(
  algorithm: Algorithm,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.kty === 'EC' && algorithm.kty === 'EC') return verifyEcdsa(key, algorithm.hash, data, signature);
  if (key.kty === 'OKP') return verifyEddsa(key, data, signature);
  if (key.kty !== 'RSA' || algorithm.kty !== 'RSA') return false;
  const hash = await hashes[algorithm.hash]();
  const digest = hash(data);
  return algorithm.padding === 'pss'
    ? verifyPss(key, hash, digest, signature)
    : verifyPkcs1(key, algorithm.hash, digest, signature);
}

/** lowS off: authenticators sign with high s as well (WebAuthn does not forbid it). */
async function verifyEcdsa(key: EcKey, hash: HashName, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const raw = derToRaw(signature, key.x.length);
  if (raw === null) return false;
  const curve = await weierstrass[key.crv]();
  const digest = await portableDigest(hash, data);
  const point = concat(Uint8Array.of(4), key.x, key.y);
  return orFalse(() => curve.verify(raw, digest, point, { lowS: false, prehash: false, format: 'compact' }));
}

/** zip215 off: RFC 8032, under which no small-order key verifies anything. */
async function verifyEddsa(key: OkpKey, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const curve = await edwards[key.crv]();
  return orFalse(() => curve.verify(signature, data, key.x, { zip215: false }));
}

/** noble throws for a signature of the wrong length or with numbers out of range. */
function orFalse(verify: () => boolean): boolean {
  try {
    return verify();
  } catch (_) {
    return false;
  }
}
