import { claimsOfIdentity } from './token-claims.ts';

/**
 * js_set for access logs and opt-in headers: read from the token that the gate has set, empty without one. The
 * gate's own refusal leaves no token, so these never say more than the upstream was told.
 */
export default {
  name(r: NginxHTTPRequest): string {
    const { preferred_username: name } = claimsOfIdentity(r.variables);
    return isHeaderValue(name) ? name : '';
  },
  displayName(r: NginxHTTPRequest): string {
    const { name } = claimsOfIdentity(r.variables);
    return isHeaderValue(name) ? name : '';
  },
  /** Comma-separated; a group's name holds none. */
  groups(r: NginxHTTPRequest): string {
    const { groups: names } = claimsOfIdentity(r.variables);
    return Array.isArray(names) ? names.filter(isHeaderValue).join(',') : '';
  },
};

/** nginx writes a variable into a header as it is; no name that was checked when it was made holds a control. */
function isHeaderValue(name: unknown): name is string {
  return typeof name === 'string' && !/\p{Cc}/u.test(name);
}
