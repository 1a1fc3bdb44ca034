import { equal, toHex } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { type CborMap, type CborRules, decodeCborMap, scanCbor } from './cbor.ts';
import { guard } from './step.ts';
import type { Verifier } from './verifier.ts';

/** Attested credential data (Level 3, section 6.5.1). */
export interface AttestedCredential {
  readonly aaguid: Uint8Array;
  readonly credentialId: Uint8Array;
  /** The COSE_Key as it stands. */
  readonly publicKey: Uint8Array;
}

/** Authenticator data (section 6.1). */
export interface AuthenticatorData {
  readonly bytes: Uint8Array;
  readonly rpIdHash: Uint8Array;
  readonly userPresent: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly signCount: number;
  readonly attested: AttestedCredential | null;
  readonly extensions: CborMap;
}

const flag = { userPresent: 1, userVerified: 4, backupEligible: 8, backedUp: 16, attested: 64, extensions: 128 };
const headLength = 37;

/** Reads authenticator data to its last byte. Throws `authenticator_data_invalid` and `cbor_invalid`. */
export function parseAuthenticatorData(bytes: Uint8Array, rules?: CborRules): AuthenticatorData {
  if (bytes.length < headLength) throw invalid(`${bytes.length} bytes, at least ${headLength} expected`);
  const flags = bytes[32] as number;
  let at = headLength;
  let attested: AttestedCredential | null = null;
  if (flags & flag.attested) [attested, at] = readAttested(bytes, at, rules);
  let extensions: CborMap = new Map();
  if (flags & flag.extensions) {
    const end = scanCbor(bytes, at, rules);
    extensions = readExtensions(bytes.subarray(at, end), rules);
    at = end;
  }
  if (at !== bytes.length) throw invalid(`${bytes.length - at} bytes behind the last member`);
  return {
    bytes,
    rpIdHash: bytes.subarray(0, 32),
    userPresent: (flags & flag.userPresent) !== 0,
    userVerified: (flags & flag.userVerified) !== 0,
    backupEligible: (flags & flag.backupEligible) !== 0,
    backedUp: (flags & flag.backedUp) !== 0,
    signCount: new DataView(bytes.buffer, bytes.byteOffset).getUint32(33),
    attested,
    extensions,
  };
}

function readAttested(bytes: Uint8Array, at: number, rules?: CborRules): [AttestedCredential, end: number] {
  const idStart = at + 18;
  if (idStart > bytes.length) throw invalid('the end of the bytes inside the attested credential data');
  const idEnd = idStart + (((bytes[at + 16] as number) << 8) | (bytes[at + 17] as number));
  if (idEnd > bytes.length) throw invalid('the end of the bytes inside the credential identifier');
  const end = scanCbor(bytes, idEnd, rules);
  const attested = {
    aaguid: bytes.subarray(at, at + 16),
    credentialId: bytes.subarray(idStart, idEnd),
    publicKey: bytes.subarray(idEnd, end),
  };
  return [attested, end];
}

function readExtensions(bytes: Uint8Array, rules?: CborRules): CborMap {
  const extensions = decodeCborMap(bytes, rules);
  for (const name of extensions.keys())
    if (typeof name !== 'string') throw invalid('an extension whose identifier is not text');
  return extensions;
}

export async function requireRpId(
  data: AuthenticatorData,
  rpId: string,
  verifier: Verifier,
  step: string,
): Promise<void> {
  const hash = await verifier.digest('SHA-256', new TextEncoder().encode(rpId));
  const detail = `rpIdHash ${toHex(data.rpIdHash)}, expected ${toHex(hash)} of "${rpId}"`;
  guard(equal(data.rpIdHash, hash), step, 'rp_id_mismatch', detail);
}

export function requireUserPresence(data: AuthenticatorData, step: string): void {
  guard(data.userPresent, step, 'user_presence_missing', 'the UP flag is not set');
}

export function requireUserVerification(data: AuthenticatorData, step: string): void {
  guard(data.userVerified, step, 'user_verification_missing', 'the UV flag is not set');
}

export function requireConsistentBackup(data: AuthenticatorData, step: string): void {
  const { backupEligible, backedUp } = data;
  guard(backupEligible || !backedUp, step, 'backup_state_invalid', 'BS is set and BE is not');
}

/** The AAGUID in its usual text form. */
export function aaguidText(aaguid: Uint8Array): string {
  return toHex(aaguid).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function invalid(detail: string): Fido2Error {
  return new Fido2Error('authenticator_data_invalid', `authenticator data: ${detail}`);
}
