import type { HashName, Subtle } from './subtle.ts';

/** Bytes. */
export const digestLength: Readonly<Record<HashName, number>> = {
  'SHA-1': 20,
  'SHA-256': 32,
  'SHA-384': 48,
  'SHA-512': 64,
};

/** The hash of `bytes` by WebCrypto. */
export async function digest(subtle: Subtle, hash: HashName, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await subtle.digest(hash, bytes));
}

export function sha256(subtle: Subtle, bytes: Uint8Array): Promise<Uint8Array> {
  return digest(subtle, 'SHA-256', bytes);
}
