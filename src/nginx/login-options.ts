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
  return json(200, await stepUpOptions(context, await authenticateRequest(context)));
}

export async function usernamelessOptions(context: Context): Promise<RequestOptionsJSON> {
  const challenge = await issueChallenge(context, 'login', '');
  return optionsFor(context, challenge, []);
}

export async function stepUpOptions(context: Context, { user, session }: Authenticated): Promise<RequestOptionsJSON> {
  const challenge = await issueChallenge(context, 'step_up', `${user.id}.${session.value.id}`);
  return optionsFor(context, challenge, descriptorsOf(user));
}

function optionsFor(
  { service }: Context,
  challenge: Uint8Array,
  allowCredentials: ReturnType<typeof descriptorsOf>,
): RequestOptionsJSON {
  const { id: rpId } = service.settings.rp;
  return requestOptions({ challenge, rpId, allowCredentials, userVerification: 'required', timeout: 120_000 });
}
