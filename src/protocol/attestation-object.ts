import { Fido2Error } from '../errors.ts';
import { type AttestedCredential, type AuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts';
import { type CborMap, decodeCborMap, hasExactly } from './cbor.ts';
import type { CborRules } from './cbor-scan.ts';

/** An attestation object (Level 3, section 6.5.4) with the authenticator data of a new credential inside. */
export interface AttestationObject {
  readonly format: string;
  readonly statement: CborMap;
  readonly authenticatorData: AuthenticatorData;
  readonly attested: AttestedCredential;
}

/** Throws `attestation_object_invalid`, `authenticator_data_invalid` and `cbor_invalid`. */
export function parseAttestationObject(bytes: Uint8Array, rules?: CborRules): AttestationObject {
  const object = decodeCborMap(bytes, rules);
  const format = object.get('fmt');
  const statement = object.get('attStmt');
  const authData = object.get('authData');
  if (typeof format !== 'string' || !(statement instanceof Map) || !(authData instanceof Uint8Array))
    throw new Fido2Error('attestation_object_invalid', 'fmt, attStmt and authData are not text, map and bytes');
  if (!hasExactly(object, 'fmt', 'attStmt', 'authData'))
    throw new Fido2Error('attestation_object_invalid', 'the attestation object has more than its three members');
  const authenticatorData = parseAuthenticatorData(authData, rules);
  const { attested } = authenticatorData;
  if (attested === null)
    throw new Fido2Error('authenticator_data_invalid', 'authenticator data without an attested credential');
  return { format, statement, authenticatorData, attested };
}
