import type { Authentication } from '../identity/session.ts';
import { accountPage } from '../pages/account.ts';
import { enrolPage, type PasskeyDemands } from '../pages/enrol.ts';
import { loginPage, type StepUpParts } from '../pages/login.ts';
import { signedOutPage } from '../pages/signed-out.ts';
import type { Policy } from '../policy/rules.ts';
import type { Settings } from '../policy/settings.ts';
import { type Context, maybeAuthenticated } from './context.ts';
import { stepUpOptions, usernamelessOptions } from './login-options.ts';
import { queryOf } from './query.ts';
import { originOf } from './request.ts';
import { page } from './response.ts';
import { safeReturnTo } from './return-to.ts';
import { clock, type Outgoing } from './runtime.ts';
import { siteOf } from './site.ts';

const minute = 60_000;

/**
 * GET /fido2/login?return_to=/x, with `&step_up=1` for a session that is not good enough for it, `&ended=1` after one
 * that ended, `&lost=1` after a form that was not passed on. `&policy=x` narrows a confirmation to what that policy takes.
 */
export async function showLogin(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const site = siteOf(service.settings, originOf(request, service.settings), request);
  const query = queryOf(request.target);
  const returnTo = safeReturnTo(query.return_to);
  const known = await maybeAuthenticated(context);
  const ended = known === null && query.ended === '1' ? 'ended' : null;
  const before = query.lost === '1' ? 'lost' : ended;
  if (known !== null && query.step_up === '1') {
    const policy = service.settings.policies.get(query.policy ?? '');
    const options = await stepUpOptions(context, known, policy);
    const stepUp = stepUpOf(known.authentication, policy, options.allowCredentials.length);
    return page(200, loginPage({ site, returnTo, options, signedIn: { name: known.user.name }, stepUp, before }));
  }
  const options = await usernamelessOptions(context);
  const signedIn = known === null ? null : { name: known.user.name };
  return page(200, loginPage({ site, returnTo, options, signedIn, before }));
}

/** What is missing, by the policy where it is known, and how old the last confirmation is. */
function stepUpOf({ time, userVerified }: Authentication, policy: Policy | undefined, usable: number): StepUpParts {
  if (policy?.authenticator && usable === 0) return { kind: 'none', contact: policy.contact };
  if (policy?.authenticator) return { kind: 'authenticator' };
  const last = time * 1000;
  return { kind: userVerified ? 'max_age' : 'uv', ...(clock.now() - last < minute ? {} : { last }) };
}

export async function showEnrol(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const known = await maybeAuthenticated(context);
  const signedIn = known === null ? null : { name: known.user.name };
  const site = siteOf(service.settings, originOf(request, service.settings), request);
  return page(200, enrolPage({ site, signedIn, demands: demandsOf(service.settings) }));
}

function demandsOf({ passkeys }: Settings): PasskeyDemands {
  const { aaguids, attestation, backupEligible } = passkeys;
  return { models: aaguids.allow ?? undefined, staysThere: backupEligible === 'refuse', shown: attestation !== 'none' };
}

export async function showSignedOut({ service, request }: Context): Promise<Outgoing> {
  return page(200, signedOutPage({ site: siteOf(service.settings, originOf(request, service.settings), request) }));
}

/** Without a session: the login page, which goes on to here. */
export async function showAccount(context: Context): Promise<Outgoing> {
  const { service, request } = context;
  const site = siteOf(service.settings, originOf(request, service.settings), request);
  const known = await maybeAuthenticated(context);
  if (known === null) {
    const options = await usernamelessOptions(context);
    return page(200, loginPage({ site, returnTo: '/fido2/account', options }));
  }
  const { name, displayName } = known.user;
  return page(200, accountPage({ site, user: { name, displayName } }));
}
