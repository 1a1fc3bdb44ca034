import { Fido2Error } from '../errors.ts';
import { relatedOrigins } from '../policy/related-origins.ts';
import type { Context } from './context.ts';
import { published } from './published.ts';
import { authorityOf } from './request.ts';
import type { Outgoing } from './runtime.ts';

/** GET /.well-known/webauthn: the sites of other domains that may use the passkeys of this one (Level 3, 5.11.1). */
export async function showRelatedOrigins(context: Context): Promise<Outgoing> {
  const origins = relatedOrigins(context.service.settings.rp);
  if (origins.length === 0) throw new Fido2Error('not_found', 'no origin is outside rp.id');
  return published(context, { origins });
}

/** GET /.well-known/passkey-endpoints: where password managers send people to add a passkey or to manage theirs. */
export async function showPasskeyEndpoints(context: Context): Promise<Outgoing> {
  const { origins } = context.service.settings.rp;
  const host = context.request.header('host');
  const origin = origins.find((each) => authorityOf(each) === host) ?? origins[0];
  const page = `${origin}/fido2/account`;
  return published(context, { enroll: page, manage: page });
}
