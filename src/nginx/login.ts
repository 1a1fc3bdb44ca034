import { toBase64url } from '../bytes.ts';
import { errorCodes, Fido2Error } from '../errors.ts';
import { withActivity } from '../identity/activity.ts';
import { isActive } from '../identity/membership.ts';
import type { Versioned } from '../identity/record.ts';
import {
  cookieOf,
  forgetEndedSessions,
  readSession,
  type Session,
  startSession,
  stepUpSession,
} from '../identity/session.ts';
import { type Credential, findUserByCredential, type User, type UserChange, updateUser } from '../identity/user.ts';
import {
  type AuthenticationExpectation,
  type StoredCredential,
  verifyAuthentication,
} from '../protocol/authentication.ts';
import { type AuthenticationResponse, parseAuthenticationResponse } from '../protocol/response-json.ts';
import { audit } from './audit.ts';
import type { Authenticated } from './authenticate.ts';
import { bytesOf, challengeOf, claimChallenge, type OpenedChallenge } from './ceremony.ts';
import { keptIfRefused } from './ceremony-log.ts';
import { type Context, maybeAuthenticated } from './context.ts';
import { requireModelStill } from './model.ts';
import { json } from './response.ts';
import { safeReturnTo } from './return-to.ts';
import { endSessions } from './revoke.ts';
import { clock, type Outgoing, random } from './runtime.ts';
import { setSessionCookie } from './session-cookie.ts';
import { verifierFor } from './verifier.ts';

/** POST /fido2/assertion/result: 200 `{"user","return_to","signal"}` with the cookie; every refusal is the same 401. */
export async function loginResult(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const body = request.json();
  const response = parseAuthenticationResponse(body);
  const found = await findUserByCredential(service.ports, toBase64url(response.id));
  const event = { user: found?.value.id, account: found?.value.name, credential: toBase64url(response.id) };
  try {
    const challenge = await challengeOf(context, response.clientDataJSON, ['login', 'step_up']);
    const known = await maybeAuthenticated(context);
    if (challenge.purpose === 'step_up') requireSameSession(challenge, known);
    const { user, credential, userVerified } = await verify(context, body, response, challenge, found);
    claimChallenge(challenge);
    const noted = await noteUse(context, user, credential, known?.user.id !== user.value.id);
    const session = await sessionAfter(context, known, noted, credential, userVerified);
    await forgetNowAndThen(context, user.value, credential);
    const kind = session.authentication.sequence === 0 ? 'login' : 'step_up';
    audit(service.folder, request, { event: kind, outcome: 'done', ...event, session: session.id });
    const cookie = await cookieOf(service.macKeys, session, session.authentication);
    const signal = signalOf(noted, service.settings.rp.id);
    const answer = { user: noted.name, return_to: safeReturnTo(body.return_to), signal };
    return json(200, answer, { 'Set-Cookie': [setSessionCookie(cookie)] });
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
    const { code, step, message: detail } = error;
    audit(service.folder, request, { event: 'login', outcome: 'refused', ...event, code, step, detail });
    const [status] = errorCodes[code];
    if (status >= 500 || code === 'cross_origin') throw error;
    throw new Fido2Error('authentication_failed', `${code}: ${detail}`, { cause: error });
  }
}

/** What the device may know of the account (Level 3 section 5.1.10): whose it is, and the whole list of its passkeys. */
function signalOf({ id: userId, name, displayName, credentials }: User, rpId: string): object {
  return { rpId, userId, name, displayName, allAcceptedCredentialIds: credentials.map(({ id }) => id) };
}

type Found = Awaited<ReturnType<typeof findUserByCredential>>;

interface Verified {
  readonly user: Versioned<User>;
  /** With what this assertion changes of it. */
  readonly credential: Credential;
  readonly userVerified: boolean;
}

/** A key that nobody has. */
const nobodysKey =
  'pQECAyYgASFYIATQB3QaXdapF3F0RcQH1g11CBJptGSryO7NP8AmF8D3IlgggQO3pVSvTIEI4L9JvpdWwSQwZ2dP73OmHisbdNxnyxw';

async function verify(
  context: Context,
  body: Record<string, unknown>,
  response: AuthenticationResponse,
  challenge: OpenedChallenge,
  found: Found,
): Promise<Verified> {
  const { settings } = context.service;
  const expected: AuthenticationExpectation = {
    challenge: challenge.bytes,
    ...challenge.where,
    rpId: settings.rp.id,
    userVerification: 'required',
    signCount: settings.passkeys.signCount,
    stored: found === null ? strangerTo(response) : storedOf(found),
    ...(challenge.purpose === 'step_up' && found !== null
      ? {
          allowCredentials: found.value.credentials.map(({ id }) => bytesOf(id)),
          userHandle: bytesOf(found.value.id),
        }
      : {}),
  };
  const result = await keptIfRefused(context, { kind: 'authentication', expected, credential: body }, () =>
    verifyAuthentication(response, expected, verifierFor(context.service)),
  );
  if (found === null) throw new Fido2Error('authentication_failed', 'nobody has this key', { step: '7.2.6' });
  if (!isActive(found.value, clock.now()))
    throw new Fido2Error('authentication_failed', 'the user is disabled', { step: '7.2.6' });
  if (challenge.purpose === 'step_up' && !challenge.subject.startsWith(`${found.value.id}.`)) {
    throw new Fido2Error('authentication_failed', 'the key of another user', { step: '7.2.6' });
  }
  await requireModelStill(context.service, found.credential);
  const { signCount, backedUp, userVerified } = result;
  const credential: Credential = {
    ...found.credential,
    signCount,
    backedUp,
    uvInitialized: found.credential.uvInitialized || userVerified,
    lastUsed: clock.now(),
  };
  return { user: found, credential, userVerified };
}

function storedOf({ value, credential }: NonNullable<Found>): StoredCredential {
  const { id, publicKey, signCount, backupEligible, backedUp } = credential;
  return {
    credentialId: bytesOf(id),
    publicKey: bytesOf(publicKey),
    signCount,
    userHandle: bytesOf(value.id),
    backupEligible,
    backedUp,
  };
}

/** A record that an answer from nobody's key fits up to its signature: refusing it takes the work of any other. */
function strangerTo({ id, userHandle, authenticatorData }: AuthenticationResponse): StoredCredential {
  const flags = authenticatorData[32] ?? 0;
  return {
    credentialId: id,
    publicKey: bytesOf(nobodysKey),
    signCount: 0,
    userHandle: userHandle ?? id,
    backupEligible: (flags & 0x08) !== 0,
    backedUp: (flags & 0x10) !== 0,
  };
}

/** Step 7.2.24. Two answers of one key at a time: a counter that counts may only rise. */
async function noteUse(
  { service, request }: Context,
  user: Versioned<User>,
  used: Credential,
  isLogin: boolean,
): Promise<User> {
  const refuses = service.settings.passkeys.signCount === 'refuse';
  const change = (current: User): UserChange => {
    const stored = current.credentials.find((each) => each.id === used.id);
    if (stored === undefined || !isActive(current, clock.now())) {
      throw new Fido2Error('authentication_failed', 'the key was removed meanwhile', { step: '7.2.24' });
    }
    const counts = used.signCount > 0 || stored.signCount > 0;
    if (refuses && counts && used.signCount <= stored.signCount) {
      throw new Fido2Error('sign_count_regressed', `${stored.signCount} became ${used.signCount}`, { step: '7.2.22' });
    }
    const { signCount, backedUp, uvInitialized, lastUsed } = used;
    const next = { ...stored, signCount, backedUp, uvInitialized, lastUsed };
    const login = { event: 'login', time: lastUsed ?? 0, name: stored.name, address: request.address } as const;
    return {
      credentials: current.credentials.map((each) => (each.id === used.id ? next : each)),
      ...withActivity(current, isLogin ? login : null),
    };
  };
  const { value } = await updateUser(service.ports, user.value.id, change, user);
  return value;
}

/** Once in an hour that has logins, for it reads every session of the user. */
async function forgetNowAndThen({ service }: Context, before: User, { id, lastUsed }: Credential): Promise<void> {
  const hourOf = (time: number): number => Math.floor(time / 3_600_000);
  const previous = before.credentials.find((each) => each.id === id)?.lastUsed ?? 0;
  if (hourOf(previous) === hourOf(lastUsed ?? 0)) return;
  await forgetEndedSessions(service.store, before.id, service.settings.session, clock.now());
}

/** The same user's session goes on with a new cookie; a session of anybody else on this browser ends. */
async function sessionAfter(
  { service, request }: Context,
  known: Authenticated | null,
  user: User,
  credential: Credential,
  userVerified: boolean,
): Promise<Session> {
  const { store, macKeys, settings } = service;
  const now = clock.now();
  const login = {
    user: user.id,
    credential: credential.id,
    userVerified,
    agent: (request.header('user-agent') ?? '').slice(0, 200),
    address: request.address,
  };
  if (known !== null) {
    const { id: sid } = known.session.value;
    let standing: Authenticated['session'] | null = known.user.id === user.id ? known.session : null;
    // Another tab or the gate may write at the same time: the session goes on after theirs.
    for (let attempt = 0; standing !== null && attempt < 32; attempt++) {
      const next = await stepUpSession(store, macKeys, standing, login, now);
      if (next !== null) return next;
      standing = await readSession(store, user.id, sid);
    }
    // Nobody would hold its cookie any more, and no logout would end it.
    await endSessions(service, known.user.id, ({ id }) => id === sid);
  }
  return startSession(store, random, macKeys, login, settings.session, now);
}

function requireSameSession(challenge: OpenedChallenge, known: Authenticated | null): void {
  if (known === null || challenge.subject !== `${known.user.id}.${known.session.value.id}`) {
    throw new Fido2Error('challenge_invalid', 'made for another session', { step: '7.2.11' });
  }
}
