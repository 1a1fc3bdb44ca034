import { createVerifier } from '../crypto/verify.ts';
import type { Settings } from '../policy/settings.ts';
import type { Verifier } from '../protocol/verifier.ts';
import { subtle } from './runtime.ts';

const verifiers = new Map<Settings['crypto'], Verifier>();

/** One verifier per mode and context: it remembers which algorithms this nginx has. */
export function verifierFor({ crypto: mode }: Settings): Verifier {
  const there = verifiers.get(mode);
  if (there !== undefined) return there;
  const verifier = createVerifier({ subtle, mode });
  verifiers.set(mode, verifier);
  return verifier;
}
