import { Fido2Error } from '../errors.ts';
import { type AttestedCredential, type AuthenticatorData, parseAuthenticatorData } from './authenticator-data.ts';
import { type CborMap, type CborRules, canonical, decodeCborMap, hasExactly, scanCbor } from './cbor.ts';

/** An attestation object (Level 3, section 6.5.4) with the authenticator data of a new credential inside. */
export interface AttestationObject {
  readonly format: string;
  /** `attStmt` of every format but compound; empty there. */
  readonly statement: CborMap;
  /** `attStmt` of the format compound: a list (section 8.9); empty elsewhere. */
  readonly parts: readonly unknown[];
  readonly authenticatorData: AuthenticatorData;
  readonly attested: AttestedCredential;
}

const none: CborMap = new Map();

/**
 * Throws `attestation_object_invalid`, `authenticator_data_invalid` and `cbor_invalid`. The statements within one of
 * the format compound lie one level deeper than CTAP2 has its messages.
 */
export function parseAttestationObject(bytes: Uint8Array, rules: CborRules = canonical): AttestationObject {
  const object = decodeCborMap(bytes, { ...rules, depth: rules.depth + 1 });
  const format = object.get('fmt');
  const isCompound = format === 'compound';
  if (!isCompound) scanCbor(bytes, 0, rules);
  const attStmt = object.get('attStmt');
  const statement = isCompound ? none : attStmt;
  const parts: unknown = isCompound ? attStmt : [];
  const authData = object.get('authData');
  if (typeof format !== 'string' || !(authData instanceof Uint8Array))
    throw new Fido2Error('attestation_object_invalid', 'fmt and authData are not text and bytes');
  if (!(statement instanceof Map) || !Array.isArray(parts))
    throw new Fido2Error('attestation_object_invalid', `attStmt is not a ${isCompound ? 'list' : 'map'}`);
  if (!hasExactly(object, 'fmt', 'attStmt', 'authData'))
    throw new Fido2Error('attestation_object_invalid', 'the attestation object has more than its three members');
  const authenticatorData = parseAuthenticatorData(authData, rules);
  const { attested } = authenticatorData;
  if (attested === null)
    throw new Fido2Error('authenticator_data_invalid', 'authenticator data without an attested credential');
  return { format, statement, parts, authenticatorData, attested };
}
