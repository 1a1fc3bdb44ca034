import { modulo, power, toBigInt } from './bigint.ts';
import type { EdwardsCurve, WeierstrassCurve } from './public-key.ts';

interface Weierstrass {
  /** Bytes of a coordinate. */
  readonly size: number;
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
}

interface Edwards {
  /** Bytes of an encoded point. */
  readonly size: number;
  readonly p: bigint;
  /** a x^2 + y^2 = 1 + d x^2 y^2 */
  readonly a: bigint;
  readonly d: bigint;
  /** The y of every point whose order divides the cofactor. */
  readonly smallOrder: readonly bigint[];
}

const p256 = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const p384 = 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n;
const p521 = 2n ** 521n - 1n;
const k256 = 2n ** 256n - 2n ** 32n - 977n;
const ed25519 = 2n ** 255n - 19n;
const ed448 = 2n ** 448n - 2n ** 224n - 1n;

/** y of the points of order 8 on edwards25519. */
const order8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;

/** SP 800-186 and SEC 2. */
export const weierstrassCurves: Readonly<Record<WeierstrassCurve, Weierstrass>> = {
  'P-256': {
    size: 32,
    p: p256,
    a: -3n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  'P-384': {
    size: 48,
    p: p384,
    a: -3n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  'P-521': {
    size: 66,
    p: p521,
    a: -3n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
  secp256k1: { size: 32, p: k256, a: 0n, b: 7n },
};

/** RFC 8032 sections 5.1 and 5.2. */
export const edwardsCurves: Readonly<Record<EdwardsCurve, Edwards>> = {
  Ed25519: {
    size: 32,
    p: ed25519,
    a: -1n,
    d: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
    smallOrder: [0n, 1n, ed25519 - 1n, order8, ed25519 - order8],
  },
  Ed448: { size: 57, p: ed448, a: 1n, d: -39081n, smallOrder: [0n, 1n, ed448 - 1n] },
};

/** Whether y^2 = x^3 + a x + b with both coordinates below p. Big-endian. */
export function isOnWeierstrassCurve(curve: WeierstrassCurve, xBytes: Uint8Array, yBytes: Uint8Array): boolean {
  const { p, a, b } = weierstrassCurves[curve];
  const x = toBigInt(xBytes);
  const y = toBigInt(yBytes);
  return x < p && y < p && modulo(y * y - (x * x + a) * x - b, p) === 0n;
}

/** Whether the encoding (RFC 8032 section 5.1.2, 5.2.2) is canonical and of a point that is not of small order. */
export function isStrongEdwardsPoint(curve: EdwardsCurve, encoded: Uint8Array): boolean {
  const { p, a, d, smallOrder } = edwardsCurves[curve];
  const bytes = encoded.slice().reverse();
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  const y = toBigInt(bytes);
  if (y >= p || smallOrder.includes(y)) return false;
  // x^2 = u / v = (1 - y^2) / (a - d y^2); u / v and u * v are squares together.
  const square = modulo((1n - y * y) * (a - d * y * y), p);
  return power(square, (p - 1n) / 2n, p) === 1n;
}
