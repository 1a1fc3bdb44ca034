import { equal } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { edwardsCurves, isOnWeierstrassCurve, isStrongEdwardsPoint, weierstrassCurves } from './curves.ts';

export type WeierstrassCurve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1';
export type EdwardsCurve = 'Ed25519' | 'Ed448';
export type ModuleLatticeSet = 'ML-DSA-44' | 'ML-DSA-65' | 'ML-DSA-87';

/** Coordinates, big-endian, each as long as the curve's field. */
export interface EcKey {
  readonly kty: 'EC';
  readonly crv: WeierstrassCurve;
  readonly x: Uint8Array;
  readonly y: Uint8Array;
}

/** The encoded point of RFC 8032. */
export interface OkpKey {
  readonly kty: 'OKP';
  readonly crv: EdwardsCurve;
  readonly x: Uint8Array;
}

/** Modulus and exponent, big-endian, without leading zeros. */
export interface RsaKey {
  readonly kty: 'RSA';
  readonly n: Uint8Array;
  readonly e: Uint8Array;
}

/** A key of ML-DSA as FIPS 204 encodes it; the parameter set says how long it is. */
export interface AkpKey {
  readonly kty: 'AKP';
  readonly set: ModuleLatticeSet;
  readonly pub: Uint8Array;
}

export type PublicKey = EcKey | OkpKey | RsaKey | AkpKey;

/** A key on a short Weierstrass curve, uncompressed, its point on the curve. Throws `public_key_invalid`. */
export function ecKey(crv: WeierstrassCurve, x: Uint8Array, y: Uint8Array): EcKey {
  const { size } = weierstrassCurves[crv];
  if (x.length !== size || y.length !== size)
    throw invalid(`coordinates of ${x.length} and ${y.length} bytes on ${crv}`);
  if (!isOnWeierstrassCurve(crv, x, y)) throw invalid(`the point is not on ${crv}`);
  return { kty: 'EC', crv, x, y };
}

/** A key on an Edwards curve: a point of it, and none of the few of small order, under which forgeries verify. */
export function okpKey(crv: EdwardsCurve, x: Uint8Array): OkpKey {
  const { size } = edwardsCurves[crv];
  if (x.length !== size) throw invalid(`a point of ${x.length} bytes on ${crv}`);
  if (!isStrongEdwardsPoint(crv, x)) throw invalid(`the point is not on ${crv}, or of small order`);
  return { kty: 'OKP', crv, x };
}

/** An RSA key: a modulus of 2,048 to 4,096 bits, an odd exponent from 3 to 2^32 - 1. */
export function rsaKey(n: Uint8Array, e: Uint8Array): RsaKey {
  const bits = bitLength(n);
  if (bits < 2048 || bits > 4096 || isEven(n))
    throw invalid(`an RSA modulus of ${bits} bits, odd 2048 to 4096 expected`);
  if (bitLength(e) < 2 || e.length > 4 || isEven(e)) throw invalid(`an RSA exponent of ${bitLength(e)} bits`);
  return { kty: 'RSA', n, e };
}

/** Bytes (FIPS 204, table 2). */
const publicKeyLength: Readonly<Record<ModuleLatticeSet, number>> = {
  'ML-DSA-44': 1312,
  'ML-DSA-65': 1952,
  'ML-DSA-87': 2592,
};

/** Any bytes of the right length are a key of ML-DSA. */
export function akpKey(set: ModuleLatticeSet, pub: Uint8Array): AkpKey {
  if (pub.length !== publicKeyLength[set]) throw invalid(`a key of ${pub.length} bytes for ${set}`);
  return { kty: 'AKP', set, pub };
}

/** Whether two keys are the same. */
export function sameKey(a: PublicKey, b: PublicKey): boolean {
  if (a.kty === 'RSA') return b.kty === 'RSA' && equal(a.n, b.n) && equal(a.e, b.e);
  if (a.kty === 'EC') return b.kty === 'EC' && a.crv === b.crv && equal(a.x, b.x) && equal(a.y, b.y);
  if (a.kty === 'OKP') return b.kty === 'OKP' && a.crv === b.crv && equal(a.x, b.x);
  return b.kty === 'AKP' && a.set === b.set && equal(a.pub, b.pub);
}

/** 0 for nothing and for a number with a leading zero byte, which neither COSE nor this type allow. */
function bitLength(number: Uint8Array): number {
  const [first] = number;
  return first === undefined || first === 0 ? 0 : number.length * 8 - Math.clz32(first) + 24;
}

function isEven(number: Uint8Array): boolean {
  return ((number[number.length - 1] ?? 0) & 1) === 0;
}

function invalid(detail: string): Fido2Error {
  return new Fido2Error('public_key_invalid', detail);
}
