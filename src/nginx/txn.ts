import { Fido2Error } from '../errors.ts';
import { type Bound, makeTxnToken } from '../identity/txn-token.ts';
import { clock, digestOfBody, log } from './runtime.ts';
import { loadService } from './service.ts';
import { claimsOfIdentity } from './token-claims.ts';
import user from './user.ts';

/** What txn.conf may call: the names of user.ts, and a transaction token for this one request. */
export default {
  ...user,
  /**
   * js_set: asked only where a location sends it, after the gate has opened. Empty where there is none to be had: the
   * upstream then refuses for want of it. It settles without waiting for anything outside, as js_set demands.
   */
  async txn(r: NginxHTTPRequest): Promise<string> {
    try {
      return await tokenOf(r);
    } catch (error) {
      const { message, code = 'error' } = error as { message: string; code?: string };
      log.error(`transaction token ${r.variables.request_id ?? ''} ${code}: ${JSON.stringify(message)}`);
      return '';
    }
  },
};

async function tokenOf(r: NginxHTTPRequest): Promise<string> {
  const { settings, signingKey } = await loadService(r.variables);
  const { profile, issuer, trustDomain, bind } = settings.identity;
  if (profile !== 'txn') throw new Fido2Error('unfit', 'identity.profile is not "txn"');
  const values: Record<Bound, () => string> = {
    method: () => r.variables.request_method ?? '',
    target: () => r.variables.request_uri ?? '',
    body: () => digestOfBody(r),
  };
  const now = clock.now();
  return makeTxnToken(await signingKey(now), {
    identity: claimsOfIdentity(r.variables),
    issuer,
    trustDomain,
    transaction: r.variables.request_id ?? '',
    address: r.variables.remote_addr ?? '',
    bound: Object.fromEntries(bind.map((name) => [name, values[name]()])),
    now,
  });
}
