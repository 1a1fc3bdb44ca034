import { Fido2Error } from '../errors.ts';
import { lookUpInvite } from '../identity/invite.ts';
import type { User } from '../identity/user.ts';
import type { Passkeys } from '../policy/authenticator.ts';
import type { JsonObject } from '../protocol/json.ts';
import { creationOptions } from '../protocol/options.ts';
import { inviteKey } from '../store/keys.ts';
import { bytesOf, descriptorsOf, issueChallenge } from './ceremony.ts';
import type { Context } from './context.ts';
import { inviteeOf, registrarOf } from './registrant.ts';
import { json } from './response.ts';
import type { Outgoing } from './runtime.ts';

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
    const purpose = conditional ? 'add_conditional' : 'add';
    challenge = await issueChallenge(context, purpose, `${user.id}.${known.session.value.id}`);
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

/** Whether a passkey is asked for that the client may make without a prompt. Only a session can ask for one. */
function isConditional(mediation: unknown, { conditionalCreate }: Passkeys): boolean {
  if (mediation === undefined) return false;
  if (mediation === 'conditional' && conditionalCreate) return true;
  throw new Fido2Error('malformed', 'mediation is not "conditional", or passkeys.conditionalCreate is off');
}

/** Without a prompt nobody can be verified; what signs in later is asked for it all the same. */
export function verificationFor(conditional: boolean): 'required' | 'preferred' {
  return conditional ? 'preferred' : 'required';
}

/** The extensions of the options; credProps is always one. */
export function extensionsOf({ extensions: { credProtect, enforceCredProtect, minPinLength } }: Passkeys): JsonObject {
  return {
    credProps: true,
    ...(credProtect !== undefined && {
      credentialProtectionPolicy: credProtect,
      enforceCredentialProtectionPolicy: enforceCredProtect,
    }),
    ...(minPinLength && { minPinLength }),
  };
}
