import { type Algorithm, algorithms, findAlgorithm, fitsKey } from '../protocol/algorithms.ts';
import type { AkpKey } from '../protocol/public-key.ts';
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
  /** verifyMlDsa of ml-dsa.ts, which only those import who want it: without it no such signature holds. */
  readonly mlDsa?: MlDsaVerification;
}

type MlDsaVerification = (key: AkpKey, data: Uint8Array, signature: Uint8Array) => boolean | Promise<boolean>;

/** The cryptography of the ceremonies. */
export function createVerifier({ subtle, mode, mlDsa }: VerifierOptions): Verifier {
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
      if (algorithm.kty === 'AKP' || key.kty === 'AKP')
        return key.kty === 'AKP' && (await mlDsa?.(key, data, signature)) === true;
      return mode === 'auto' && (await usesNative(algorithm))
        ? verifyNative(subtle, algorithm, key, data, signature)
        : verifyPortable(algorithm, key, data, signature);
    },
  };
}

/** Which backend verifies which algorithm, by its name: for the self-check. Those that nothing verifies are left out. */
export async function algorithmBackends({
  subtle,
  mode,
  mlDsa,
}: VerifierOptions): Promise<Record<string, 'webcrypto' | 'portable'>> {
  const backends: Record<string, 'webcrypto' | 'portable'> = {};
  for (const algorithm of algorithms.filter(({ kty }) => kty !== 'AKP' || mlDsa !== undefined))
    backends[algorithm.name] = mode === 'auto' && (await isNative(subtle, algorithm)) ? 'webcrypto' : 'portable';
  return backends;
}
