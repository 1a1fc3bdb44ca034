import type { PublicKey } from './cose-key.ts';

/**
 * The cryptography that the ceremonies' guards are handed; crypto/ implements it for nginx and Node.
 * All answers are values: a malformed signature is `false`, never an exception.
 */
export interface Verifier {
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  /** `signature` as the authenticator sent it: ASN.1 DER for ECDSA, raw for Ed25519 and RSA. */
  verify(key: PublicKey, algorithm: number, data: Uint8Array, signature: Uint8Array): Promise<boolean>;
}
