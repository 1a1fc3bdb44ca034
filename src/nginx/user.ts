import { fromBase64url, fromUtf8 } from '../bytes.ts';

/**
 * js_set for access logs and opt-in headers: read from the token that the gate has set, empty without one. The
 * gate's own refusal leaves no token, so these never say more than the upstream was told.
 */
export default {
  name(r: NginxHTTPRequest): string {
    const { preferred_username: name } = claimsOf(r);
    return isHeaderValue(name) ? name : '';
  },
  displayName(r: NginxHTTPRequest): string {
    const { name } = claimsOf(r);
    return isHeaderValue(name) ? name : '';
  },
  /** Comma-separated; a group's name holds none. */
  groups(r: NginxHTTPRequest): string {
    const { groups: names } = claimsOf(r);
    return Array.isArray(names) ? names.filter(isHeaderValue).join(',') : '';
  },
};

/** nginx writes a variable into a header as it is; no name that was checked when it was made holds a control. */
function isHeaderValue(name: unknown): name is string {
  return typeof name === 'string' && !/\p{Cc}/u.test(name);
}

function claimsOf(r: NginxHTTPRequest): Record<string, unknown> {
  const payload = fromBase64url((r.variables.fido2_identity ?? '').split('.')[1] ?? '');
  const text = payload === null || payload.length === 0 ? null : fromUtf8(payload);
  return text === null ? {} : (JSON.parse(text) as Record<string, unknown>);
}
