import { fromBase64url, fromUtf8 } from '../bytes.ts';

/**
 * js_set for access logs and opt-in headers: read from the token that the gate has set, empty without one. The
 * gate's own refusal leaves no token, so these never say more than the upstream was told.
 */
export default {
  name(r: NginxHTTPRequest): string {
    const { preferred_username: name } = claimsOf(r);
    return typeof name === 'string' ? name : '';
  },
  /** Comma-separated; a group's name holds none. */
  groups(r: NginxHTTPRequest): string {
    const { groups: names } = claimsOf(r);
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string').join(',') : '';
  },
};

function claimsOf(r: NginxHTTPRequest): Record<string, unknown> {
  const payload = fromBase64url((r.variables.fido2_identity ?? '').split('.')[1] ?? '');
  const text = payload === null || payload.length === 0 ? null : fromUtf8(payload);
  return text === null ? {} : (JSON.parse(text) as Record<string, unknown>);
}
