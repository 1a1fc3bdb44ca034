/**
 * Where records stand, one place. A part is [A-Za-z0-9_-]: identifiers are base64url already, everything that a
 * person or a client chooses (account names, credential ids, invite codes) enters as the base64url of its SHA-256.
 */
const part = /^[A-Za-z0-9_-]{1,128}$/;

export function isKey(key: string): boolean {
  return key.split('/').every((name) => part.test(name));
}

export const userKey = (id: string): string => `users/${id}`;
export const nameKey = (digest: string): string => `names/${digest}`;
export const credentialKey = (digest: string): string => `credentials/${digest}`;
export const inviteKey = (digest: string): string => `invites/${digest}`;
export const sessionsOf = (user: string): string => `sessions/${user}`;
export const sessionKey = (user: string, id: string): string => `sessions/${user}/${id}`;
export const revocationKey = (session: string): string => `revocations/${session}`;
export const macRingKey = 'keys/mac';
export const signingRingKey = 'keys/signing';
export const metadataStateKey = 'metadata/state';
export const metadataLeaseKey = 'metadata/lease';
export const modelsPrefix = 'models';
/** `id` is a UUID or hex. */
export const modelKey = (id: string): string => `${modelsPrefix}/${id}`;
