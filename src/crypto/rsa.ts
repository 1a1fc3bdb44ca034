import { concat, equal } from '../bytes.ts';
import { power, toBigInt } from '../protocol/bigint.ts';
import type { RsaKey } from '../protocol/public-key.ts';
import type { HashName } from '../protocol/verifier.ts';

export type Hash = (bytes: Uint8Array) => Uint8Array;

/** DigestInfo up to the digest (RFC 8017 section 9.2, note 1). */
const digestInfo: Readonly<Record<HashName, Uint8Array>> = {
  'SHA-1': Uint8Array.of(0x30, 0x21, 0x30, 0x09, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 0x14),
  'SHA-256': sha2Info(0x31, 1, 0x20),
  'SHA-384': sha2Info(0x41, 2, 0x30),
  'SHA-512': sha2Info(0x51, 3, 0x40),
};

function sha2Info(length: number, hash: number, digestLength: number): Uint8Array {
  return Uint8Array.of(0x30, length, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, hash, 5, 0, 4, digestLength);
}

/** RSASSA-PKCS1-v1_5 verification (RFC 8017 section 8.2.2): the one encoding is built and compared whole. */
export function verifyPkcs1(key: RsaKey, hash: HashName, digest: Uint8Array, signature: Uint8Array): boolean {
  const encoded = recover(key, signature);
  const info = concat(digestInfo[hash], digest);
  if (encoded === null || encoded.length < info.length + 11) return false;
  const padding = new Uint8Array(encoded.length - info.length - 3).fill(0xff);
  return equal(encoded, concat(Uint8Array.of(0, 1), padding, Uint8Array.of(0), info));
}

/** RSASSA-PSS verification (RFC 8017 section 8.1.2) with MGF1 of the same hash and a salt as long as the digest. */
export function verifyPss(key: RsaKey, hash: Hash, digest: Uint8Array, signature: Uint8Array): boolean {
  const recovered = recover(key, signature);
  if (recovered === null) return false;
  const bits = toBigInt(key.n).toString(2).length - 1;
  const encoded = bits % 8 === 0 ? recovered.subarray(1) : recovered;
  if (bits % 8 === 0 && recovered[0] !== 0) return false;
  const digestLength = digest.length;
  const maskedLength = encoded.length - digestLength - 1;
  const saltStart = maskedLength - digestLength;
  if (saltStart < 1 || encoded[encoded.length - 1] !== 0xbc) return false;
  const unusedBits = 8 * encoded.length - bits;
  const firstMask = 0xff >> unusedBits;
  if (((encoded[0] as number) & ~firstMask) !== 0) return false;
  const expected = encoded.subarray(maskedLength, maskedLength + digestLength);
  const block = maskGeneration(hash, expected, maskedLength).map((byte, i) => byte ^ (encoded[i] as number));
  block[0] = (block[0] as number) & firstMask;
  const zeros = block.subarray(0, saltStart - 1).every((byte) => byte === 0);
  const actual = hash(concat(new Uint8Array(8), digest, block.subarray(saltStart)));
  return zeros && block[saltStart - 1] === 1 && equal(actual, expected);
}

/** MGF1 (RFC 8017 appendix B.2.1). */
function maskGeneration(hash: Hash, seed: Uint8Array, length: number): Uint8Array {
  let mask: Uint8Array = new Uint8Array(0);
  for (let counter = 0; mask.length < length; counter++)
    mask = concat(mask, hash(concat(seed, Uint8Array.of(0, 0, counter >> 8, counter & 0xff))));
  return mask.slice(0, length);
}

/** The message representative, as long as the modulus; null for a signature that is not in range. */
function recover({ n, e }: RsaKey, signature: Uint8Array): Uint8Array | null {
  const modulus = toBigInt(n);
  const number = toBigInt(signature);
  if (signature.length !== n.length || number >= modulus) return null;
  const hex = power(number, toBigInt(e), modulus)
    .toString(16)
    .padStart(2 * n.length, '0');
  return Uint8Array.from({ length: n.length }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
