import { ml_dsa44, ml_dsa65, ml_dsa87 } from '@noble/post-quantum/ml-dsa.js';
import type { AkpKey, ModuleLatticeSet } from '../protocol/public-key.ts';

const sets = { 'ML-DSA-44': ml_dsa44, 'ML-DSA-65': ml_dsa65, 'ML-DSA-87': ml_dsa87 } satisfies Record<
  ModuleLatticeSet,
  unknown
>;

/** Verifies ML-DSA with an empty context (FIPS 204, algorithm 3). A signature of another length is false. */
export function verifyMlDsa({ set, pub }: AkpKey, data: Uint8Array, signature: Uint8Array): boolean {
  const { verify, lengths } = sets[set];
  return signature.length === lengths.signature && verify(signature, data, pub);
}
