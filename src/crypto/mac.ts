import { utf8 } from '../bytes.ts';
import type { Subtle, SubtleKey } from './subtle.ts';

/** An HMAC-SHA256 key for one purpose. */
export interface MacKey {
  readonly subtle: Subtle;
  readonly key: SubtleKey;
}

const hmac = { name: 'HMAC', hash: 'SHA-256' } as const;

/**
 * The key for one label (HKDF-SHA256, RFC 5869, empty salt, the label as info): values made under one label never
 * hold under another. `secret` is uniformly random, 32 bytes.
 */
export async function deriveMacKey(subtle: Subtle, secret: Uint8Array, label: string): Promise<MacKey> {
  const ring = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: utf8(label) } as const;
  const bits = new Uint8Array(await subtle.deriveBits(derivation, ring, 256));
  return { subtle, key: await subtle.importKey('raw', bits, hmac, false, ['sign', 'verify']) };
}

/** The tag of `bytes`, 32 bytes. */
export async function mac(key: MacKey, bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await key.subtle.sign(hmac, key.key, bytes));
}

/** Whether `tag` is the tag of `bytes`, compared in constant time. A tag of another length is false. */
export async function verifyMac(key: MacKey, bytes: Uint8Array, tag: Uint8Array): Promise<boolean> {
  return tag.length === 32 && (await key.subtle.verify(hmac, key.key, tag, bytes));
}
