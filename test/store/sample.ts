import type { Credential } from '../../src/identity/credential.ts';

/** A credential with that id (base64url). */
export function credential(id: string): Credential {
  return {
    id,
    publicKey: 'pQECAyYgASFYIA',
    algorithm: -7,
    signCount: 0,
    transports: ['internal'],
    backupEligible: true,
    backedUp: true,
    uvInitialized: true,
    aaguid: '00000000-0000-0000-0000-000000000000',
    format: 'none',
    name: 'Phone',
    created: 1_700_000_000_000,
    lastUsed: null,
  };
}
