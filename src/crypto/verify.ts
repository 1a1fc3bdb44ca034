import { type Algorithm, algorithms, findAlgorithm, fitsKey } from '../protocol/algorithms.ts';
import type { Verifier } from '../protocol/verifier.ts';
import { digest } from './digest.ts';
import { portableDigest, verifyPortable } from './noble.ts';
import type { Subtle } from './subtle.ts';
import { isNative, verifyNative } from './webcrypto.ts';

/** `auto` takes WebCrypto for what it has; `portable` verifies and hashes in pure JavaScript. */
export type CryptoMode = 'auto' | 'portable';

export interface VerifierOptions {
  readonly subtle: Subtle;
  readonly mode: CryptoMode;
}

/** The cryptography of the ceremonies. */
export function createVerifier({ subtle, mode }: VerifierOptions): Verifier {
  const native = new Map<number, Promise<boolean>>();
  const usesNative = (algorithm: Algorithm): Promise<boolean> => {
    const known = native.get(algorithm.id) ?? isNative(subtle, algorithm);
    native.set(algorithm.id, known);
    return known;
  };
  return {
    digest: (hash, bytes) => (mode === 'portable' ? portableDigest(hash, bytes) : digest(subtle, hash, bytes)),
    async verify(key, id, data, signature) {
      const algorithm = findAlgorithm(id);
      if (algorithm === undefined || !fitsKey(algorithm, key)) return false;
      return mode === 'auto' && (await usesNative(algorithm))
        ? verifyNative(subtle, algorithm, key, data, signature)
        : verifyPortable(algorithm, key, data, signature);
    },
  };
}

/** Which backend verifies which algorithm, by its name: for the self-check. */
export async function algorithmBackends({
  subtle,
  mode,
}: VerifierOptions): Promise<Record<string, 'webcrypto' | 'portable'>> {
  const backends: Record<string, 'webcrypto' | 'portable'> = {};
  for (const algorithm of algorithms)
    backends[algorithm.name] = mode === 'auto' && (await isNative(subtle, algorithm)) ? 'webcrypto' : 'portable';
  return backends;
}
