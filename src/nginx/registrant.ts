import { Fido2Error } from '../errors.ts';
import { lookUpInviteByKey, type StoredInvite } from '../identity/invite.ts';
import { isActive } from '../identity/membership.ts';
import { findUser, type User } from '../identity/user.ts';
import { inviteKey } from '../store/keys.ts';
import { type Authenticated, requireFresh } from './authenticate.ts';
import type { OpenedChallenge } from './ceremony.ts';
import { authenticateRequest, type Context } from './context.ts';
import { requireModelOfSession } from './model.ts';
import { clock } from './runtime.ts';

export interface Registrant {
  readonly user: User;
  /** Null for a session that adds a key. */
  readonly invite: StoredInvite | null;
}

/** A session that may add a passkey: verified lately, by an authenticator that deserves trust still. */
export async function registrarOf(context: Context): Promise<Authenticated> {
  const known = await authenticateRequest(context);
  requireFresh(known);
  await requireModelOfSession(context.service, known.credential);
  return known;
}

/** Whom the answer to a challenge is about, who must be allowed to register now as well. */
export async function registrantOf(context: Context, challenge: OpenedChallenge): Promise<Registrant> {
  if (challenge.purpose === 'enrol') {
    const invite = await lookUpInviteByKey(context.service.ports, inviteKey(challenge.subject));
    return { user: await inviteeOf(context, invite), invite };
  }
  const known = await registrarOf(context);
  if (challenge.subject !== `${known.user.id}.${known.session.value.id}`) {
    throw new Fido2Error('challenge_invalid', 'made for another session', { step: '7.1.8' });
  }
  return { user: known.user, invite: null };
}

export async function inviteeOf({ service }: Context, invite: StoredInvite): Promise<User> {
  const user = await findUser(service.ports, invite.value.user);
  if (user === null || !isActive(user.value, clock.now()))
    throw new Fido2Error('invite_invalid', 'its user is gone or disabled');
  return user.value;
}
