import { type SigningKey, signJwt } from '../crypto/sign.ts';
import { Fido2Error } from '../errors.ts';
import type { JsonObject } from '../protocol/json.ts';
import { tokenSizeLimit } from './identity-token.ts';

/** What may be bound to one request. */
export type Bound = 'method' | 'target' | 'body';

export interface TxnTokenRequest {
  /** Claims of the identity token that the gate has set for this request. */
  readonly identity: JsonObject;
  readonly issuer: string;
  /** The token's aud. */
  readonly trustDomain: string;
  /** The transaction, as logs name it. */
  readonly transaction: string;
  /** Of the client. */
  readonly address: string;
  /** `tctx`: what the request is bound to; empty for a token that is bound to none. */
  readonly bound: Readonly<Partial<Record<Bound, string>>>;
  readonly now: number;
}

/** Milliseconds; a transaction is one request and what it calls. */
const life = 60_000;

/**
 * A Transaction Token (draft-ietf-oauth-transaction-tokens, section 5): an ES256 JWT about one request, which
 * workloads forward unchanged. It never outlives the identity token. Throws `unfit` for one that has expired.
 */
export async function makeTxnToken(key: SigningKey, request: TxnTokenRequest): Promise<string> {
  const { identity, issuer, trustDomain, transaction, address, bound, now } = request;
  const { sub, exp: end, scope, groups, acr } = identity;
  const iat = Math.floor(now / 1000);
  if (typeof sub !== 'string' || typeof end !== 'number' || end <= iat) {
    throw new Fido2Error('unfit', 'the identity token has expired or names nobody');
  }
  const token = await signJwt(
    key,
    { typ: 'txntoken+jwt' },
    {
      iss: issuer,
      aud: trustDomain,
      iat,
      exp: Math.min(iat + life / 1000, end),
      txn: transaction,
      sub,
      scope: typeof scope === 'string' ? scope : '',
      req_wl: issuer,
      groups: Array.isArray(groups) ? groups : [],
      rctx: { req_ip: address, ...(typeof acr === 'string' ? { authn: acr } : {}) },
      ...(Object.keys(bound).length === 0 ? {} : { tctx: bound }),
    },
  );
  if (token.length > tokenSizeLimit) {
    throw new Fido2Error(
      'token_too_large',
      `a transaction token of ${token.length} bytes, not at most ${tokenSizeLimit}`,
    );
  }
  return token;
}
