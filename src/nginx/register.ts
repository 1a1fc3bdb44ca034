import { toBase64url } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { parseDisplayName } from '../identity/account-name.ts';
import { admitAuthenticator } from '../identity/attestation-policy.ts';
import type { Credential } from '../identity/credential.ts';
import { lookUpInvite, lookUpInviteByKey, restoreInvite, type StoredInvite, useInvite } from '../identity/invite.ts';
import { isActive } from '../identity/membership.ts';
import { cookieOf, startSession } from '../identity/session.ts';
import { addCredential, findUser, findUserByCredential, type User } from '../identity/user.ts';
import type { Passkeys } from '../policy/authenticator.ts';
import { selectFormats } from '../protocol/attestation/formats.ts';
import type { JsonObject } from '../protocol/json.ts';
import { creationOptions } from '../protocol/options.ts';
import { type RegistrationExpectation, verifyRegistration } from '../protocol/registration.ts';
import { parseRegistrationResponse } from '../protocol/response-json.ts';
import { inviteKey } from '../store/keys.ts';
import { audit } from './audit.ts';
import { type Authenticated, requireFresh } from './authenticate.ts';
import {
  bytesOf,
  challengeOf,
  claimChallenge,
  descriptorsOf,
  issueChallenge,
  type OpenedChallenge,
} from './ceremony.ts';
import { keptIfRefused } from './ceremony-log.ts';
import { authenticateRequest, type Context } from './context.ts';
import { modelOf, requireModelOfSession } from './model.ts';
import { json } from './response.ts';
import { clock, type Outgoing, random } from './runtime.ts';
import { setSessionCookie } from './session-cookie.ts';
import { trustAnchors } from './trust-anchors.ts';
import { verifierFor } from './verifier.ts';

/**
 * POST /fido2/attestation/options: by `{"invite"}`, or by a session verified within five minutes, which may ask for
 * `{"mediation":"conditional"}`.
 */
export async function registrationOptions(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const { invite: code, mediation } = request.json();
  const conditional = isConditional(mediation, service.settings.passkeys);
  let user: User;
  let challenge: Uint8Array;
  let inviteExpires: number | undefined;
  if (code === undefined) {
    const known = await registrarOf(context);
    user = known.user;
    challenge = await issueChallenge(
      context,
      conditional ? 'add_conditional' : 'add',
      `${user.id}.${known.session.value.id}`,
    );
  } else {
    if (typeof code !== 'string') throw new Fido2Error('malformed', 'invite is not a string');
    if (conditional) throw new Fido2Error('malformed', 'an invite needs a prompt');
    const invite = await lookUpInvite(service.ports, code);
    user = await inviteeOf(context, invite);
    inviteExpires = invite.value.expires;
    challenge = await issueChallenge(context, 'enrol', invite.key.slice(inviteKey('').length));
  }
  const { rp, passkeys } = service.settings;
  const options = creationOptions({
    challenge,
    rp: { id: rp.id, name: rp.name },
    user: { id: bytesOf(user.id), name: user.name, displayName: user.displayName },
    algorithms: passkeys.algorithms,
    excludeCredentials: descriptorsOf(user),
    userVerification: verificationFor(conditional),
    attestation: passkeys.attestation === 'required' ? 'direct' : passkeys.attestation,
    timeout: 120_000,
    extensions: extensionsOf(passkeys),
  });
  // for the page alone: browsers pass over a member that the dictionary does not have
  return json(200, { ...options, inviteExpires });
}

/** POST /fido2/attestation/result: 201 with the new key; by invite it also starts a session. */
export async function registrationResult(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  let account: string | undefined;
  try {
    const body = request.json();
    const response = parseRegistrationResponse(body);
    const challenge = await challengeOf(context, response.clientDataJSON, ['enrol', 'add', 'add_conditional']);
    const { user, invite } = await registrantOf(context, challenge);
    account = user.name;
    const { passkeys, rp } = service.settings;
    const verifier = verifierFor(service);
    const now = clock.now();
    const expected: RegistrationExpectation = {
      challenge: challenge.bytes,
      ...challenge.where,
      rpId: rp.id,
      userVerification: verificationFor(challenge.purpose === 'add_conditional'),
      ...(challenge.purpose === 'add_conditional' && { mediation: 'conditional' as const }),
      algorithms: passkeys.algorithms,
      time: now,
      trustAnchors: null, // admitAuthenticator looks at who attests
      extensions: extensionsOf(passkeys),
      unsolicitedExtensions: passkeys.unsolicitedExtensions,
      credentialExists: async (id) => (await findUserByCredential(service.ports, toBase64url(id))) !== null,
    };
    const { formats } = passkeys;
    const verified = await keptIfRefused(context, { kind: 'registration', expected, formats, credential: body }, () =>
      verifyRegistration(response, { ...expected, formats: selectFormats(formats) }, verifier),
    );
    const known = await admitAuthenticator(verified, passkeys, {
      anchors: trustAnchors(service),
      modelOf: (stated) => modelOf(service, stated),
      verifier,
      now,
    });
    const credential: Credential = {
      id: toBase64url(verified.credentialId),
      publicKey: toBase64url(verified.publicKey),
      algorithm: verified.algorithm,
      signCount: verified.signCount,
      transports: verified.transports,
      backupEligible: verified.backupEligible,
      backedUp: verified.backedUp,
      uvInitialized: verified.userVerified,
      aaguid: verified.aaguid,
      format: verified.format,
      ...known,
      name: nameOf(body.name),
      created: now,
      lastUsed: null,
    };
    claimChallenge(challenge);
    await keep(context, user, invite, credential);
    audit(service.folder, request, {
      event: 'registration',
      outcome: 'done',
      user: user.id,
      account,
      credential: credential.id,
    });
    const answer = { credentialId: credential.id, user: user.name, name: credential.name };
    if (invite === null) return json(201, answer);
    return json(201, answer, { 'Set-Cookie': [await firstSession(context, user, credential)] });
  } catch (error) {
    if (error instanceof Fido2Error) {
      const { code, step, message: detail } = error;
      audit(service.folder, request, { event: 'registration', outcome: 'refused', code, step, detail, account });
    }
    throw error;
  }
}

/** Whether a passkey is asked for that the client may make without a prompt. Only a session can ask for one. */
function isConditional(mediation: unknown, { conditionalCreate }: Passkeys): boolean {
  if (mediation === undefined) return false;
  if (mediation === 'conditional' && conditionalCreate) return true;
  throw new Fido2Error('malformed', 'mediation is not "conditional", or passkeys.conditionalCreate is off');
}

/** Without a prompt nobody can be verified; what signs in later is asked for it all the same. */
function verificationFor(conditional: boolean): 'required' | 'preferred' {
  return conditional ? 'preferred' : 'required';
}

/** The extensions of the options; credProps is always one. */
function extensionsOf({ extensions: { credProtect, enforceCredProtect, minPinLength } }: Passkeys): JsonObject {
  return {
    credProps: true,
    ...(credProtect !== undefined && {
      credentialProtectionPolicy: credProtect,
      enforceCredentialProtectionPolicy: enforceCredProtect,
    }),
    ...(minPinLength && { minPinLength }),
  };
}

interface Registrant {
  readonly user: User;
  /** Null for a session that adds a key. */
  readonly invite: StoredInvite | null;
}

/** A session that may add a passkey: verified lately, by an authenticator that deserves trust still. */
async function registrarOf(context: Context): Promise<Authenticated> {
  const known = await authenticateRequest(context);
  requireFresh(known);
  if (known.credential !== null) await requireModelOfSession(context.service, known.credential);
  return known;
}

async function registrantOf(context: Context, challenge: OpenedChallenge): Promise<Registrant> {
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

async function inviteeOf({ service }: Context, invite: StoredInvite): Promise<User> {
  const user = await findUser(service.ports, invite.value.user);
  if (user === null || !isActive(user.value, clock.now()))
    throw new Fido2Error('invite_invalid', 'its user is gone or disabled');
  return user.value;
}

/** The invite first: one link never enrols two. What then fails gives it back. */
async function keep(
  { service, request }: Context,
  user: User,
  invite: StoredInvite | null,
  credential: Credential,
): Promise<void> {
  const used = invite === null ? null : await useInvite(service.ports, invite, credential.id);
  try {
    const { created: time, name } = credential;
    const activity = { event: 'registration', time, name, address: request.address } as const;
    await addCredential(service.ports, user.id, credential, activity);
  } catch (error) {
    if (used !== null) await restoreInvite(service.ports, used);
    throw error;
  }
}

async function firstSession({ service, request }: Context, user: User, credential: Credential): Promise<string> {
  const session = await startSession(
    service.store,
    random,
    service.macKeys,
    {
      user: user.id,
      credential: credential.id,
      userVerified: credential.uvInitialized,
      agent: (request.header('user-agent') ?? '').slice(0, 200),
      address: request.address,
    },
    service.settings.session,
    clock.now(),
  );
  return setSessionCookie(await cookieOf(service.macKeys, session, session.authentication));
}

function nameOf(value: unknown): string {
  if (value === undefined || value === '') return 'Passkey';
  if (typeof value !== 'string') throw new Fido2Error('malformed', 'name is not a string');
  return parseDisplayName(value);
}
