import { array, boolean, type GenericSchema, looseObject, number, string } from 'valibot';
import { fromBase64url, toBase64url, utf8 } from '../bytes.ts';
import { mac, verifyMac } from '../crypto/mac.ts';
import { Fido2Error } from '../errors.ts';
import { sessionKey, sessionsOf } from '../store/keys.ts';
import type { Random } from '../store/ports.ts';
import type { Store } from '../store/store.ts';
import type { MacKeys } from './mac-keys.ts';
import { readRecord, type Versioned, version1 } from './record.ts';

/**
 * A session is a record; its cookie is a function of the record, so that a revocation can compute it again. The
 * cookie changes at login and step-up only; each one before a step-up stays good for a while, with its own
 * authentication, for other tabs.
 */
export type Authentication = {
  /** Seconds since 1970. */
  readonly time: number;
  readonly userVerified: boolean;
  /** Counts the authentications of this session. */
  readonly sequence: number;
  /** The MAC key that the cookie is made with. */
  readonly key: string;
};

/** Times are milliseconds since 1970. */
export type Session = {
  readonly v: 1;
  readonly id: string;
  readonly user: string;
  /** The passkey of the last authentication. */
  readonly credential: string;
  readonly created: number;
  /** Exact to `identity.refresh`. */
  readonly lastSeen: number;
  /** The absolute end, whatever happens. */
  readonly expires: number;
  readonly authentication: Authentication;
  /** Authentications before the last, the newest first, until nothing of them can be remembered anywhere. */
  readonly superseded: readonly (Pick<Session, 'authentication' | 'credential'> & { readonly until: number })[];
  /** User-Agent and address of the login, for the owner's list. */
  readonly agent: string;
  readonly address: string;
};

export const authenticationSchema: GenericSchema<unknown, Authentication> = looseObject({
  time: number(),
  userVerified: boolean(),
  sequence: number(),
  key: string(),
});

const sessionSchema: GenericSchema<unknown, Session> = looseObject({
  v: version1,
  id: string(),
  user: string(),
  credential: string(),
  created: number(),
  lastSeen: number(),
  expires: number(),
  authentication: authenticationSchema,
  superseded: array(looseObject({ authentication: authenticationSchema, until: number(), credential: string() })),
  agent: string(),
  address: string(),
});

/** What an authentic cookie says. */
export interface Cookie {
  readonly user: string;
  readonly session: string;
  readonly authentication: Authentication;
}

export interface Limits {
  /** Milliseconds. */
  readonly idle: number;
  readonly absolute: number;
}

/** Milliseconds that the cookie before a step-up stays good. */
export const overlap = 60_000;
/** Milliseconds that a revocation must still know it: no entry of the gate lives longer. */
const remembered = 300_000;
const mostSuperseded = 32;

const form =
  /^([A-Za-z0-9_-]{4})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})\.([0-9a-z]{1,6})-([0-9a-z]{5,9})-([01])\.([A-Za-z0-9_-]{43})$/;

/** About 110 characters, without a name in it. */
export async function cookieOf(
  keys: MacKeys,
  session: Pick<Session, 'id' | 'user'>,
  authentication: Authentication,
): Promise<string> {
  const key = keys.find('cookie', authentication.key);
  if (key === null) throw new Fido2Error('session_expired', `MAC key ${authentication.key} is gone`);
  const { sequence, time, userVerified } = authentication;
  const context = `${sequence.toString(36)}-${time.toString(36)}-${userVerified ? 1 : 0}`;
  const body = `${authentication.key}.${session.user}.${session.id}.${context}`;
  return `${body}.${toBase64url(await mac(key, utf8(body)))}`;
}

/** The cookie's content, or null where it is not one that we made. Touches no store. */
export async function openCookie(keys: MacKeys, cookie: string): Promise<Cookie | null> {
  const parts = form.exec(cookie);
  if (parts === null) return null;
  const [, id = '', user = '', session = '', sequence = '', time = '', verified, tag = ''] = parts;
  const key = keys.find('cookie', id);
  const bytes = fromBase64url(tag);
  if (key === null || bytes === null) return null;
  if (!(await verifyMac(key, utf8(cookie.slice(0, -44)), bytes))) return null;
  return {
    user,
    session,
    authentication: {
      key: id,
      time: Number.parseInt(time, 36),
      sequence: Number.parseInt(sequence, 36),
      userVerified: verified === '1',
    },
  };
}

export interface Login {
  readonly user: string;
  readonly credential: string;
  readonly userVerified: boolean;
  readonly agent: string;
  readonly address: string;
}

export async function startSession(
  store: Store,
  random: Random,
  keys: MacKeys,
  login: Login,
  limits: Limits,
  now: number,
): Promise<Session> {
  const session: Session = {
    v: 1,
    id: toBase64url(random.bytes(16)),
    user: login.user,
    credential: login.credential,
    created: now,
    lastSeen: now,
    expires: now + limits.absolute,
    authentication: {
      time: Math.floor(now / 1000),
      userVerified: login.userVerified,
      sequence: 0,
      key: keys.current,
    },
    superseded: [],
    agent: login.agent,
    address: login.address,
  };
  if ((await store.putIf(sessionKey(session.user, session.id), session, null)) === null) {
    throw new Fido2Error('error', 'the random session id exists');
  }
  return session;
}

/** The session with a newer authentication, or null where it ended, changed meanwhile, or was confirmed too often. */
export async function stepUpSession(
  store: Store,
  keys: MacKeys,
  { value, version }: Versioned<Session>,
  login: Pick<Login, 'credential' | 'userVerified'>,
  now: number,
): Promise<Session | null> {
  const { authentication, credential } = value;
  const before = { authentication, credential, until: now + overlap };
  const superseded = [before, ...value.superseded.filter(({ until }) => until + remembered > now)];
  if (superseded.length > mostSuperseded) return null;
  const next: Session = {
    ...value,
    credential: login.credential,
    lastSeen: now,
    authentication: {
      time: Math.floor(now / 1000),
      userVerified: login.userVerified,
      sequence: value.authentication.sequence + 1,
      key: keys.current,
    },
    superseded,
  };
  return (await store.putIf(sessionKey(value.user, value.id), next, version)) === null ? null : next;
}

export async function readSession(store: Store, user: string, id: string): Promise<Versioned<Session> | null> {
  const found = await readRecord(store, sessionKey(user, id), sessionSchema);
  return found === null || found.value.id !== id || found.value.user !== user ? null : found;
}

export async function listSessions(store: Store, user: string): Promise<Session[]> {
  const sessions: Session[] = [];
  for (const key of await store.list(sessionsOf(user))) {
    const found = await readRecord(store, key, sessionSchema);
    if (found !== null) sessions.push(found.value);
  }
  return sessions;
}

/** Removes what is left of the user's sessions that ended by themselves: done at each login, so that none pile up. */
export async function forgetEndedSessions(store: Store, user: string, limits: Limits, now: number): Promise<void> {
  for (const key of await store.list(sessionsOf(user))) {
    const found = await readRecord(store, key, sessionSchema);
    if (found === null || endOf(found.value, found.value.authentication, limits, now) !== null) continue;
    await store.deleteIf(key, found.version);
  }
}

/**
 * When this authentication of the session ends by itself (milliseconds since 1970): idle, absolute, or the end of
 * a superseded cookie. Null where it has ended or is not one of this session. Later clocks only shorten it.
 */
export function endOf(session: Session, authentication: Authentication, limits: Limits, now: number): number | null {
  let end = Math.min(session.lastSeen + limits.idle, session.expires, session.created + limits.absolute);
  if (authentication.sequence !== session.authentication.sequence) {
    const old = session.superseded.find((each) => each.authentication.sequence === authentication.sequence);
    if (old === undefined) return null;
    end = Math.min(end, old.until);
  }
  return end > now ? end : null;
}

/** The passkey that the authentication was by, or null where it is not one of this session. */
export function credentialOf(session: Session, { sequence }: Authentication): string | null {
  if (sequence === session.authentication.sequence) return session.credential;
  return session.superseded.find((each) => each.authentication.sequence === sequence)?.credential ?? null;
}

/** Notes that the session is in use; one write per `every` milliseconds. False where it ended meanwhile. */
export async function touchSession(
  store: Store,
  { value, version }: Versioned<Session>,
  every: number,
  now: number,
): Promise<boolean> {
  if (now - value.lastSeen < every) return true;
  const key = sessionKey(value.user, value.id);
  if ((await store.putIf(key, { ...value, lastSeen: now }, version)) !== null) return true;
  return (await store.get(key)) !== null;
}
