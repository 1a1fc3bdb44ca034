import { toBase64url } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { parseDisplayName } from '../identity/account-name.ts';
import { admitAuthenticator } from '../identity/attestation-policy.ts';
import type { Credential } from '../identity/credential.ts';
import { restoreInvite, type StoredInvite, useInvite } from '../identity/invite.ts';
import { cookieOf, startSession } from '../identity/session.ts';
import { addCredential, findUserByCredential, type User } from '../identity/user.ts';
import { selectFormats } from '../protocol/attestation/formats.ts';
import { type RegistrationExpectation, verifyRegistration } from '../protocol/registration.ts';
import { parseRegistrationResponse } from '../protocol/response-json.ts';
import { audit } from './audit.ts';
import { challengeOf, claimChallenge } from './ceremony.ts';
import { keptIfRefused } from './ceremony-log.ts';
import type { Context } from './context.ts';
import { modelOf } from './model.ts';
import { registrantOf } from './registrant.ts';
import { extensionsOf, verificationFor } from './registration-options.ts';
import { json } from './response.ts';
import { clock, type Outgoing, random } from './runtime.ts';
import { setSessionCookie } from './session-cookie.ts';
import { trustAnchors } from './trust-anchors.ts';
import { verifierFor } from './verifier.ts';

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
      compound: passkeys.compound,
      teeOnly: passkeys.androidKeys === 'hardware',
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
