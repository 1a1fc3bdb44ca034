import { array, type GenericSchema, looseObject, number, string } from 'valibot';
import { Fido2Error } from '../errors.ts';
import { revocationKey, sessionKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import type { MacKeys } from './mac-keys.ts';
import { deleteRecord, readRecord, version1 } from './record.ts';
import { authenticationSchema, cookieOf, listSessions, readSession, type Session } from './session.ts';

/**
 * A revocation is first a record in the store, which every nginx polls; then the session's record goes. It carries
 * what is needed to compute the session's cookies again, for nothing keeps an index of cached entries.
 */
export type Revocation = {
  readonly v: 1;
  readonly session: string;
  readonly user: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly authentications: readonly Session['authentication'][];
};

const revocationSchema: GenericSchema<unknown, Revocation> = looseObject({
  v: version1,
  session: string(),
  user: string(),
  at: number(),
  authentications: array(authenticationSchema),
});

/**
 * Ends one session; null where it had ended. The session's record is deleted only in the state that the revocation
 * knows, so that no step-up slips in between with a cookie that nobody revokes.
 */
export async function revokeSession(store: Store, user: string, id: string, now: number): Promise<Revocation | null> {
  for (let attempt = 0; attempt < 32; attempt++) {
    const session = await readSession(store, user, id);
    if (session === null) return null;
    const { authentication, superseded } = session.value;
    const authentications = [authentication, ...superseded.map((each) => each.authentication)];
    const revocation: Revocation = { v: 1, session: id, user, at: now, authentications };
    const key = revocationKey(id);
    const there = await store.get(key);
    if ((await store.putIf(key, revocation, there?.version ?? null)) === null) continue;
    if (await store.deleteIf(sessionKey(user, id), session.version)) return revocation;
  }
  throw new Fido2Error('store_unavailable', `session ${id} changed under each attempt to end it`);
}

/** Ends the user's sessions that `which` names. */
export async function revokeSessions(
  store: Store,
  user: string,
  which: (session: Session) => boolean,
  now: number,
): Promise<Revocation[]> {
  const revocations: Revocation[] = [];
  for (const session of await listSessions(store, user)) {
    if (!which(session)) continue;
    const revocation = await revokeSession(store, user, session.id, now);
    if (revocation !== null) revocations.push(revocation);
  }
  return revocations;
}

export async function listRevocations(store: Store): Promise<Revocation[]> {
  const revocations: Revocation[] = [];
  for (const key of await store.list('revocations')) {
    const found = await readRecord(store, key, revocationSchema);
    if (found !== null) revocations.push(found.value);
  }
  return revocations;
}

/** A revocation that was cut off between its two records is finished first, or its session would come back. */
export async function forgetRevocation(store: Store, revocation: Revocation): Promise<void> {
  await deleteRecord(store, sessionKey(revocation.user, revocation.session));
  await deleteRecord(store, revocationKey(revocation.session));
}

/** The cookies that may still have entries. One made with a MAC key that is gone cannot be verified any more. */
export async function cookiesOf(keys: MacKeys, revocation: Revocation): Promise<string[]> {
  const cookies: string[] = [];
  for (const authentication of revocation.authentications) {
    if (keys.find('cookie', authentication.key) === null) continue;
    cookies.push(await cookieOf(keys, { id: revocation.session, user: revocation.user }, authentication));
  }
  return cookies;
}
