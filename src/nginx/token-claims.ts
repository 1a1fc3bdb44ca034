import { fromBase64url, fromUtf8 } from '../bytes.ts';

/** The claims of the token that the gate has set for this request: ours, so nothing is verified. Empty without one. */
export function claimsOfIdentity({ fido2_identity: token = '' }: NginxVariables): Record<string, unknown> {
  const payload = fromBase64url(token.split('.')[1] ?? '');
  const text = payload === null || payload.length === 0 ? null : fromUtf8(payload);
  return text === null ? {} : (JSON.parse(text) as Record<string, unknown>);
}
