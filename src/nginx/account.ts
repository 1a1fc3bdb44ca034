import { Fido2Error } from '../errors.ts';
import { parseDisplayName } from '../identity/account-name.ts';
import { recentActivity } from '../identity/activity.ts';
import { authenticationContext } from '../identity/identity-token.ts';
import { listSessions } from '../identity/session.ts';
import { removeCredential, updateUser } from '../identity/user.ts';
import { audit } from './audit.ts';
import { isFresh, requireFresh } from './authenticate.ts';
import { authenticateRequest, type Context, maybeAuthenticated } from './context.ts';
import { json, noContent } from './response.ts';
import { endSessions } from './revoke.ts';
import { clock, type Outgoing } from './runtime.ts';
import { clearSessionCookie } from './session-cookie.ts';

/** GET /fido2/session. Times are seconds since 1970. */
export async function sessionState(context: Context): Promise<Outgoing> {
  const { user, groups, session, authentication, credential } = await authenticateRequest(context);
  const { idle } = context.service.settings.session;
  const { lastSeen, expires, id: sid } = session.value;
  return json(200, {
    user: user.name,
    sub: user.id,
    groups,
    sid,
    auth_time: authentication.time,
    ...authenticationContext(authentication.userVerified, credential),
    idle_expires: Math.floor(Math.min(lastSeen + idle, expires) / 1000),
    expires: Math.floor(expires / 1000),
  });
}

/** POST /fido2/logout: over on every worker. 204, or for a form 303 to the page that says so. */
export async function logout(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const type = (request.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
  const isForm = type === 'application/x-www-form-urlencoded';
  if (!isForm && type !== 'application/json') {
    throw new Fido2Error('unsupported_media_type', `content type ${JSON.stringify(type)}`);
  }
  const known = await maybeAuthenticated(context);
  if (known !== null) {
    await endSessions(service, known.user.id, ({ id }) => id === known.session.value.id);
    audit(service.folder, request, {
      event: 'logout',
      outcome: 'done',
      user: known.user.id,
      account: known.user.name,
      session: known.session.value.id,
    });
  }
  // what the browser keeps of gated pages, to show on the way back, goes with the session
  const answer = noContent({ 'Set-Cookie': [clearSessionCookie()], 'Clear-Site-Data': '"cache"' });
  return isForm ? { ...answer, status: 303, headers: { ...answer.headers, Location: '/fido2/signed-out' } } : answer;
}

/** GET /fido2/account/state: all that the account page shows. Times are milliseconds since 1970. */
export async function accountState(context: Context): Promise<Outgoing> {
  const known = await authenticateRequest(context);
  const { user, session } = known;
  const { store } = context.service;
  const sessions = await listSessions(store, user.id);
  return json(200, {
    user: { id: user.id, name: user.name, displayName: user.displayName, groups: known.groups },
    rpId: context.service.settings.rp.id,
    credentials: user.credentials.map((each) => ({
      id: each.id,
      name: each.name,
      aaguid: each.aaguid,
      created: each.created,
      lastUsed: each.lastUsed,
      backupEligible: each.backupEligible,
      backedUp: each.backedUp,
      transports: each.transports,
      current: each.id === session.value.credential,
    })),
    sessions: sessions.map((each) => ({
      sid: each.id,
      current: each.id === session.value.id,
      credential: each.credential,
      created: each.created,
      lastSeen: each.lastSeen,
      userAgent: each.agent,
      address: each.address,
    })),
    activity: recentActivity(user),
    fresh: isFresh(known),
  });
}

/** POST /fido2/account/rename `{"id","name"}` */
export async function renameCredential(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const { id, name } = texts(request.json(), 'id', 'name');
  const { user } = await authenticateRequest(context);
  const wanted = parseDisplayName(name);
  await updateUser(service.ports, user.id, (current) => {
    if (!current.credentials.some((each) => each.id === id)) throw new Fido2Error('not_found', 'no such key');
    return { credentials: current.credentials.map((each) => (each.id === id ? { ...each, name: wanted } : each)) };
  });
  audit(service.folder, request, {
    event: 'credential_renamed',
    outcome: 'done',
    user: user.id,
    account: user.name,
    credential: id,
  });
  return noContent();
}

/** POST /fido2/account/remove `{"id"}`: the key, and the sessions that it started. */
export async function removeKey(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const { id } = texts(request.json(), 'id');
  const known = await authenticateRequest(context);
  requireFresh(known);
  const { name = '' } = known.user.credentials.find((each) => each.id === id) ?? {};
  const activity = { event: 'credential_removed', time: clock.now(), name, address: request.address } as const;
  await removeCredential(service.ports, known.user.id, id, activity);
  await endSessions(service, known.user.id, (session) => session.credential === id);
  audit(service.folder, request, {
    event: 'credential_removed',
    outcome: 'done',
    user: known.user.id,
    account: known.user.name,
    credential: id,
  });
  return noContent();
}

/** POST /fido2/account/end-session `{"sid"}` or `{"others": true}`; only the user's own. */
export async function endSession(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const body = request.json();
  const { user, session } = await authenticateRequest(context);
  const others = body.others === true;
  const sid = others ? session.value.id : texts(body, 'sid').sid;
  await endSessions(service, user.id, ({ id }) => (others ? id !== sid : id === sid));
  audit(service.folder, request, {
    event: 'session_revoked',
    outcome: 'done',
    user: user.id,
    account: user.name,
    session: others ? 'others' : sid,
  });
  return noContent();
}

function texts<Name extends string>(body: Record<string, unknown>, ...names: Name[]): Record<Name, string> {
  const found = {} as Record<Name, string>;
  for (const name of names) {
    const value = body[name];
    if (typeof value !== 'string') throw new Fido2Error('malformed', `${name} is not a string`);
    found[name] = value;
  }
  return found;
}
