import { array, boolean, type GenericSchema, looseObject, nullable, number, optional, string } from 'valibot';
import type { Authenticator } from '../policy/authenticator.ts';

/** A public key that may sign in. Byte strings are base64url, times are milliseconds since 1970. */
export type Credential = {
  readonly id: string;
  /** COSE_Key. */
  readonly publicKey: string;
  /** COSE algorithm. */
  readonly algorithm: number;
  readonly signCount: number;
  readonly transports: readonly string[];
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly uvInitialized: boolean;
  readonly aaguid: string;
  /** Of the attestation's certificate, where there is no AAGUID (keyIdentifierOf): tells a model of U2F. */
  readonly keyIdentifier?: string | undefined;
  /** Attestation statement format of its registration. */
  readonly format: string;
  /** Whether a chain of certificates to an anchor of the site attested its authenticator; absent: nobody looked. */
  readonly attested?: boolean | undefined;
  /** What its owner calls it. */
  readonly name: string;
  readonly created: number;
  readonly lastUsed: number | null;
};

export function authenticatorOf({ attested = false, aaguid }: Credential): Authenticator {
  return { attested, aaguid };
}

/** Whether it is proven that the key never leaves its authenticator: the maker is attested, and it cannot be copied. */
export function isHardwareBound({ attested = false, backupEligible }: Credential): boolean {
  return attested && !backupEligible;
}

export const credentialSchema: GenericSchema<unknown, Credential> = looseObject({
  id: string(),
  publicKey: string(),
  algorithm: number(),
  signCount: number(),
  transports: array(string()),
  backupEligible: boolean(),
  backedUp: boolean(),
  uvInitialized: boolean(),
  aaguid: string(),
  keyIdentifier: optional(string()),
  format: string(),
  attested: optional(boolean()),
  name: string(),
  created: number(),
  lastUsed: nullable(number()),
});
