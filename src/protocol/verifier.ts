import type { PublicKey } from './public-key.ts';

export type HashName = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';

/**
 * The cryptography that the ceremonies' guards are handed; crypto/ implements it for nginx and Node.
 * All answers are values: a malformed signature is `false`, never an exception.
 */
export interface Verifier {
  digest(hash: HashName, bytes: Uint8Array): Promise<Uint8Array>;
  /**
   * Whether `signature` over `data` holds under `key` with a COSE algorithm. `signature` is as the authenticator sent
   * it: ASN.1 DER for ECDSA, raw for EdDSA and RSA.
   */
  verify(key: PublicKey, algorithm: number, data: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
