import { concat, fromBase64url, toBase64url, utf8 } from '../bytes.ts';
import { mac, verifyMac } from '../crypto/mac.ts';
import { Fido2Error } from '../errors.ts';
import type { Random } from '../store/ports.ts';
import type { MacKeys } from './mac-keys.ts';

/**
 * Challenges cost nothing until they are answered: all that is known of one stands in it, under a MAC that also
 * covers the ceremony's origin and the boot id, which dies with the memory of used challenges.
 *
 * Layout: version (1), purpose (1), MAC key id (3), expiry in seconds (5), random (16), subject, tag (32).
 */
export type ChallengePurpose = 'enrol' | 'add' | 'login' | 'step_up' | 'add_conditional';

export interface Challenge {
  readonly purpose: ChallengePurpose;
  /** Milliseconds since 1970. */
  readonly expires: number;
  /** What it is bound to: the invite's digest, or the session; empty for a login. */
  readonly subject: string;
}

export interface ChallengeContext {
  readonly keys: MacKeys;
  readonly origin: string;
  readonly bootId: string;
}

const version = 1;
const purposes: readonly ChallengePurpose[] = ['enrol', 'add', 'login', 'step_up', 'add_conditional'];
const head = 26;
const tagLength = 32;

/** Milliseconds: longer than a person needs to fetch a key from another room. */
export const challengeLife = 5 * 60_000;

export async function makeChallenge(
  context: ChallengeContext,
  random: Random,
  challenge: Challenge,
): Promise<Uint8Array> {
  const id = fromBase64url(context.keys.current);
  if (id === null || id.length !== 3) throw new Fido2Error('unfit', 'the MAC key id is not three bytes');
  const seconds = Math.floor(challenge.expires / 1000);
  const body = concat(
    Uint8Array.of(version, purposes.indexOf(challenge.purpose)),
    id,
    Uint8Array.of(Math.floor(seconds / 2 ** 32), seconds >>> 24, seconds >>> 16, seconds >>> 8, seconds),
    random.bytes(16),
    utf8(challenge.subject),
  );
  const key = context.keys.find('challenge', context.keys.current);
  if (key === null) throw new Fido2Error('unfit', 'the current MAC key is not in the ring');
  return concat(body, await mac(key, covered(context, body)));
}

/** Throws `challenge_invalid` (not ours, another origin, an earlier boot) or `challenge_expired`. */
export async function openChallenge(context: ChallengeContext, bytes: Uint8Array, now: number): Promise<Challenge> {
  const purpose = purposes[bytes[1] ?? purposes.length];
  if (bytes.length < head + tagLength || bytes.length > 512 || bytes[0] !== version || purpose === undefined) {
    throw new Fido2Error('challenge_invalid', `not the form of a challenge (${bytes.length} bytes)`);
  }
  const key = context.keys.find('challenge', toBase64url(bytes.slice(2, 5)));
  if (key === null) throw new Fido2Error('challenge_invalid', 'made under a MAC key that is gone');
  const body = bytes.slice(0, -tagLength);
  if (!(await verifyMac(key, covered(context, body), bytes.slice(-tagLength)))) {
    throw new Fido2Error(
      'challenge_invalid',
      `the MAC does not hold for origin ${context.origin} since the last start`,
    );
  }
  let seconds = 0;
  for (const byte of bytes.slice(5, 10)) seconds = seconds * 256 + byte;
  if (now >= seconds * 1000) throw new Fido2Error('challenge_expired', `expired at ${seconds}, now ${now / 1000}`);
  const subject = String.fromCharCode(...bytes.slice(head, -tagLength));
  return { purpose, expires: seconds * 1000, subject };
}

/** What names a challenge in the memory of used ones. */
export function challengeId(bytes: Uint8Array): string {
  return toBase64url(bytes.slice(10, head));
}

function covered({ origin, bootId }: ChallengeContext, body: Uint8Array): Uint8Array {
  return concat(utf8(`${bootId}\n${origin}\n`), body);
}
