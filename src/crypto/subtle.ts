import type { HashName } from '../protocol/verifier.ts';

export type { HashName };

/** A CryptoKey. Only handed back to the Subtle that made it: nginx's keys have no readable fields. */
export type SubtleKey = object;

export type KeyUse = 'sign' | 'verify' | 'deriveBits';

type Named = { readonly name: string } | string;

/**
 * What is used of WebCrypto: `webcrypto.subtle` of node:crypto and `crypto.subtle` of nginx both fit. The parameters
 * are as wide as the two sets of declarations make them.
 */
export interface Subtle {
  digest(hash: HashName, data: Uint8Array): Promise<ArrayBuffer>;
  importKey(
    format: 'raw' | 'spki' | 'jwk',
    data: object | string,
    algorithm: Named,
    extractable: boolean,
    uses: KeyUse[],
  ): Promise<SubtleKey>;
  exportKey(format: 'jwk', key: SubtleKey): Promise<object>;
  generateKey(
    algorithm: { readonly name: string },
    extractable: boolean,
    uses: KeyUse[],
  ): Promise<{ readonly privateKey: SubtleKey; readonly publicKey: SubtleKey }>;
  deriveBits(algorithm: Named, key: SubtleKey, bits: number): Promise<ArrayBuffer>;
  sign(algorithm: Named, key: SubtleKey, data: Uint8Array): Promise<ArrayBuffer>;
  verify(algorithm: Named, key: SubtleKey, signature: Uint8Array, data: Uint8Array): Promise<boolean>;
}
