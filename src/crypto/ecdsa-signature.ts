/**
 * An ECDSA signature from ASN.1 DER (RFC 3279 section 2.2.3) to r || s, each `size` bytes. null for everything that
 * is not the one DER form of two positive numbers of at most that size.
 */
export function derToRaw(signature: Uint8Array, size: number): Uint8Array | null {
  const long = signature[1] === 0x81;
  const start = long ? 3 : 2;
  const length = signature[start - 1] ?? 0;
  if (signature[0] !== 0x30 || start + length !== signature.length) return null;
  if (long ? length < 0x80 : length >= 0x80) return null;
  const raw = new Uint8Array(2 * size);
  const middle = copyInteger(signature, start, raw.subarray(0, size));
  if (middle === null) return null;
  return copyInteger(signature, middle, raw.subarray(size)) === signature.length ? raw : null;
}

/** Copies a positive INTEGER of shortest form, right-aligned; the offset behind it, or null. */
function copyInteger(bytes: Uint8Array, at: number, target: Uint8Array): number | null {
  const length = bytes[at + 1] ?? 0;
  const end = at + 2 + length;
  if (bytes[at] !== 0x02 || length === 0 || length >= 0x80 || end > bytes.length) return null;
  const [first = 0, second = 0] = bytes.subarray(at + 2, end);
  if (first >= 0x80 || (first === 0 && (length === 1 || second < 0x80))) return null;
  const number = bytes.subarray(first === 0 ? at + 3 : at + 2, end);
  if (number.length > target.length) return null;
  target.set(number, target.length - number.length);
  return end;
}
