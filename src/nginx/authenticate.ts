import { Fido2Error } from '../errors.ts';
import { groupsAt, isActive } from '../identity/membership.ts';
import type { Versioned } from '../identity/record.ts';
import {
  type Authentication,
  credentialOf,
  endOf,
  openCookie,
  readSession,
  type Session,
} from '../identity/session.ts';
import { type Credential, findUser, type User } from '../identity/user.ts';
import { tombstones } from './dicts.ts';
import { clock } from './runtime.ts';
import type { Service } from './service.ts';

/** A session that stands now, with the authentication that its cookie carries. */
export interface Authenticated {
  readonly session: Versioned<Session>;
  readonly user: User;
  /** Those that the user is in now. */
  readonly groups: readonly string[];
  readonly version: string;
  readonly authentication: Authentication;
  /** The passkey of that authentication, which may be older than the session's last one. */
  readonly credential: Credential;
  /** Milliseconds since 1970. */
  readonly ends: number;
}

/** Milliseconds for which a verification counts as fresh where keys are added or removed. */
const freshFor = 300_000;

/**
 * Whose session a cookie is. Throws `session_required` for what is not a cookie of ours (before the store is
 * touched) and `session_expired` for one that has ended, whoever ended it.
 */
export async function authenticate(service: Service, cookie: string | null): Promise<Authenticated> {
  const opened = cookie === null ? null : await openCookie(service.macKeys, cookie);
  if (opened === null) throw new Fido2Error('session_required', cookie === null ? 'no cookie' : 'not a cookie of ours');
  if (tombstones.has(opened.session)) throw new Fido2Error('session_expired', 'the session was revoked');
  const session = await readSession(service.store, opened.user, opened.session);
  if (session === null) throw new Fido2Error('session_expired', 'there is no such session');
  const now = clock.now();
  const ends = endOf(session.value, opened.authentication, service.settings.session, now);
  if (ends === null) throw new Fido2Error('session_expired', 'the session has ended');
  const user = await findUser(service.ports, opened.user);
  if (user === null || !isActive(user.value, now)) {
    throw new Fido2Error('session_expired', 'the user is gone, disabled or past the account’s end');
  }
  const { authentication } = opened;
  const passkey = (id: string | null): Credential | undefined => user.value.credentials.find((each) => each.id === id);
  const credential = passkey(credentialOf(session.value, authentication));
  if (credential === undefined || passkey(session.value.credential) === undefined) {
    throw new Fido2Error('session_expired', 'the passkey of this session was removed');
  }
  const groups = groupsAt(user.value, now);
  return { session, user: user.value, groups, version: user.version, authentication, credential, ends };
}

/** Whether the user was verified within the last five minutes. */
export function isFresh({ authentication }: Authenticated): boolean {
  return authentication.userVerified && clock.now() - authentication.time * 1000 < freshFor;
}

/** Throws `step_up_required` where the verification is older than five minutes. */
export function requireFresh(known: Authenticated): void {
  if (!isFresh(known)) throw new Fido2Error('step_up_required', 'the verification is older than five minutes');
}
