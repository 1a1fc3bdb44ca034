import { toBase64url } from '../bytes.ts';
import { createVerifier, type VerifierOptions } from '../crypto/verify.ts';
import { Fido2Error } from '../errors.ts';
import type { Settings } from '../policy/settings.ts';
import type { AkpKey } from '../protocol/public-key.ts';
import type { Verifier } from '../protocol/verifier.ts';
import { askInternally, subtle } from './runtime.ts';
import type { Service } from './service.ts';

const verifiers = new Map<Settings['crypto'], Verifier>();

/** One verifier per mode and context: it remembers which algorithms this nginx has. */
export function verifierFor(service: Service): Verifier {
  const { crypto: mode } = service.settings;
  const there = verifiers.get(mode);
  if (there !== undefined) return there;
  const verifier = createVerifier(cryptographyOf(service));
  verifiers.set(mode, verifier);
  return verifier;
}

/** ML-DSA has a script of its own, which is asked over the internal socket. */
export function cryptographyOf({ settings, socket }: Service): VerifierOptions {
  const mlDsa = (key: AkpKey, data: Uint8Array, signature: Uint8Array) => askMlDsa(socket, key, data, signature);
  return { subtle, mode: settings.crypto, mlDsa };
}

/** Throws `overloaded` where the limit of the location is reached. */
async function askMlDsa(
  socket: string,
  { set, pub }: AkpKey,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const body = [set, ...[pub, data, signature].map(toBase64url)].join(' ');
  const status = await askInternally(socket, '/fido2/ml-dsa', body);
  if (status !== 204 && status !== 403) throw new Fido2Error('overloaded', `the script of ${set} answered ${status}`);
  return status === 204;
}
