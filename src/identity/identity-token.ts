import { type SigningKey, signJwt } from '../crypto/sign.ts';
import { Fido2Error } from '../errors.ts';
import { type Credential, isHardwareBound } from './credential.ts';
import type { Session } from './session.ts';
import type { User } from './user.ts';

/** What a token says of how its user signed in (RFC 8176 values, OpenID EAP ACR). */
export function authenticationContext(
  userVerified: boolean,
  credential: Credential | null,
): {
  readonly acr: string;
  readonly amr: readonly string[];
} {
  const hardware = credential !== null && isHardwareBound(credential);
  const amr = ['pop', hardware ? 'hwk' : 'swk', 'user'];
  return { acr: hardware ? 'phrh' : 'phr', amr: userVerified ? [...amr, 'mfa'] : amr };
}

export interface TokenRequest {
  readonly user: User;
  readonly session: Pick<Session, 'id'>;
  readonly authentication: Pick<Session['authentication'], 'time' | 'userVerified'>;
  /** The passkey of that authentication; without one nothing is said of hardware. */
  readonly credential?: Credential | null | undefined;
  readonly issuer: string;
  readonly audience: string;
  /** The policy that was held, for tokens that are made of this one; null says nothing of it. */
  readonly scope: string | null;
  /** Groups in a map besides, for Consul, which compares no lists. */
  readonly groupMap: boolean;
  /** Milliseconds, at most 300,000. */
  readonly life: number;
  readonly id: string;
  readonly now: number;
}

/** Envoy caches no larger ones, and every proxied request carries it. */
export const tokenSizeLimit = 4096;

/** The identity token, profile `assertion`: an ES256 JWT that lives for `life`. */
export async function makeIdentityToken(key: SigningKey, request: TokenRequest): Promise<string> {
  const { user, session, authentication, issuer, audience, scope, groupMap, life, id, now } = request;
  if (!(life >= 1000 && life <= 300_000)) throw new Fido2Error('unfit', `a token may not live for ${life} ms`);
  const iat = Math.floor(now / 1000);
  const { acr, amr } = authenticationContext(authentication.userVerified, request.credential ?? null);
  const token = await signJwt(
    key,
    { typ: 'JWT' },
    {
      iss: issuer,
      aud: audience,
      sub: user.id,
      preferred_username: user.name,
      name: user.displayName,
      groups: [...user.groups],
      ...(groupMap ? { grp: Object.fromEntries(user.groups.map((group) => [group, '1'])) } : {}),
      ...(scope === null ? {} : { scope }),
      iat,
      nbf: iat,
      exp: iat + Math.floor(life / 1000),
      jti: id,
      sid: session.id,
      acr,
      amr: [...amr],
      auth_time: authentication.time,
    },
  );
  if (token.length > tokenSizeLimit) {
    throw new Fido2Error(
      'token_too_large',
      `the token of ${user.name} has ${token.length} bytes, not at most ${tokenSizeLimit}`,
    );
  }
  return token;
}
