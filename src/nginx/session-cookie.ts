/** Host-only, out of scripts' reach, over TLS only (browsers count http://localhost as secure). */
const attributes = 'Path=/; HttpOnly; Secure; SameSite=Lax';

export function setSessionCookie(value: string): string {
  return `__Host-fido2=${value}; ${attributes}`;
}

export function clearSessionCookie(): string {
  return `__Host-fido2=; ${attributes}; Max-Age=0`;
}
