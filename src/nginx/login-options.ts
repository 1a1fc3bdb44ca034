import { authenticatorOf } from '../identity/credential.ts';
import type { Authenticator } from '../policy/authenticator.ts';
import type { Policy } from '../policy/rules.ts';
import { type RequestOptionsJSON, requestOptions } from '../protocol/options.ts';
import type { Authenticated } from './authenticate.ts';
import { descriptorsOf, issueChallenge } from './ceremony.ts';
import { authenticateRequest, type Context } from './context.ts';
import { json } from './response.ts';
import type { Outgoing } from './runtime.ts';

/**
 * POST /fido2/assertion/options. `{"policy"}` with a session asks that user's own keys for a step-up; everything
 * else, a user name too, is answered alike: whether an account exists is nobody's business.
 */
export async function loginOptions(context: Context): Promise<Outgoing> {
  const { policy } = context.request.json();
  if (policy === undefined) return json(200, await usernamelessOptions(context));
  const named = typeof policy === 'string' ? context.service.settings.policies.get(policy) : undefined;
  return json(200, await stepUpOptions(context, await authenticateRequest(context), named));
}

export async function usernamelessOptions(context: Context): Promise<RequestOptionsJSON> {
  const challenge = await issueChallenge(context, 'login', '');
  return optionsFor(context, challenge, []);
}

/** For a policy that asks for certain passkeys, those alone: the list may be empty, and then no window helps. */
export async function stepUpOptions(
  context: Context,
  { user, session }: Authenticated,
  policy?: Policy,
): Promise<RequestOptionsJSON> {
  const challenge = await issueChallenge(context, 'step_up', `${user.id}.${session.value.id}`);
  const credentials = user.credentials.filter((each) => isAccepted(authenticatorOf(each), policy?.authenticator));
  return optionsFor(context, challenge, descriptorsOf({ credentials }), policy?.hints);
}

function isAccepted({ attested, aaguid }: Authenticator, rule: Policy['authenticator'] | undefined): boolean {
  return !rule || (attested && (rule.aaguids === null || rule.aaguids.includes(aaguid)));
}

function optionsFor(
  { service }: Context,
  challenge: Uint8Array,
  allowCredentials: ReturnType<typeof descriptorsOf>,
  hints?: readonly string[],
): RequestOptionsJSON {
  const { id: rpId } = service.settings.rp;
  const more = hints === undefined ? {} : { hints };
  return requestOptions({
    ...{ challenge, rpId, allowCredentials, userVerification: 'required', timeout: 120_000 },
    ...more,
  });
}
