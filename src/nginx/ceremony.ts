import { fromBase64url, toBase64url } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import {
  type Challenge,
  type ChallengeContext,
  type ChallengePurpose,
  challengeId,
  challengeLife,
  makeChallenge,
  openChallenge,
} from '../identity/challenge.ts';
import type { User } from '../identity/user.ts';
import { decodeClientData, parseClientData } from '../protocol/client-data.ts';
import type { CredentialDescriptor } from '../protocol/options.ts';
import type { OriginExpectation } from '../protocol/origin.ts';
import type { Context } from './context.ts';
import { claims } from './dicts.ts';
import { originOf } from './request.ts';
import { clock, random } from './runtime.ts';

function challengeContext({ service, request }: Context): ChallengeContext {
  return {
    keys: service.macKeys,
    origin: originOf(request, service.settings),
    bootId: claims.bootId(() => toBase64url(random.bytes(16))),
  };
}

export function issueChallenge(context: Context, purpose: ChallengePurpose, subject: string): Promise<Uint8Array> {
  const expires = clock.now() + challengeLife;
  return makeChallenge(challengeContext(context), random, { purpose, subject, expires });
}

export interface OpenedChallenge extends Challenge {
  readonly bytes: Uint8Array;
  readonly where: OriginExpectation;
}

/**
 * The challenge that an answer brings back, if it is one of ours for this ceremony and origin. It is not used up:
 * that is the last guard, claimChallenge.
 */
export async function challengeOf(
  context: Context,
  clientDataJSON: Uint8Array,
  purposes: readonly ChallengePurpose[],
): Promise<OpenedChallenge> {
  const step = purposes.includes('login') ? '7.2.11' : '7.1.8';
  const text = decodeClientData(clientDataJSON, step);
  const { challenge: stated, topOrigin } = parseClientData(text, step);
  const bytes = typeof stated === 'string' ? fromBase64url(stated) : null;
  if (bytes === null) throw new Fido2Error('challenge_invalid', 'not base64url', { step });
  const trusted = challengeContext(context);
  const challenge = await openChallenge(trusted, bytes, clock.now());
  if (!purposes.includes(challenge.purpose)) {
    throw new Fido2Error('challenge_invalid', `made for ${challenge.purpose}, not ${purposes.join(' or ')}`, { step });
  }
  return { ...challenge, bytes, where: whereOf(context, trusted.origin, topOrigin !== undefined) };
}

/**
 * The one origin that the challenge was made for, or without an Origin header, which browsers send with what a script
 * posts, an app of ours. In a frame only where the browser names the page around it, which older ones do not.
 */
function whereOf({ service, request }: Context, origin: string, namesTop: boolean): OriginExpectation {
  const { apps, topOrigins } = service.settings.rp;
  const origins = request.origin() === null ? [origin, ...apps] : [origin];
  return { origins, crossOrigin: namesTop && topOrigins.length > 0, topOrigins };
}

/** Uses the challenge up, over all workers. After it only writing may fail. Throws `challenge_used`, `overloaded`. */
export function claimChallenge({ bytes, expires }: OpenedChallenge): void {
  let first: boolean;
  try {
    first = claims.take(challengeId(bytes), expires - clock.now() + 60_000);
  } catch (error) {
    throw new Fido2Error('overloaded', 'the memory of used challenges is full', { cause: error });
  }
  if (!first) throw new Fido2Error('challenge_used', 'answered before');
}

/** The user's keys as options name them. */
export function descriptorsOf({ credentials }: Pick<User, 'credentials'>): CredentialDescriptor[] {
  return credentials.map(({ id, transports }) => ({ id: bytesOf(id), transports }));
}

/** Bytes of a stored identifier. */
export function bytesOf(text: string): Uint8Array {
  const bytes = fromBase64url(text);
  if (bytes === null) throw new Fido2Error('store_unavailable', `a record holds ${JSON.stringify(text)}`);
  return bytes;
}
