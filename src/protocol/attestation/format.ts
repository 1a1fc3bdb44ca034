import { concat } from '../../bytes.ts';
import { Fido2Error } from '../../errors.ts';
import { type Algorithm, findAlgorithm, isAttestationOnly } from '../algorithms.ts';
import type { AttestedCredential, AuthenticatorData } from '../authenticator-data.ts';
import type { CborMap } from '../cbor.ts';
import type { PublicKey } from '../public-key.ts';
import type { Verifier } from '../verifier.ts';

/** What an attestation statement is verified against (Level 3, section 6.5.2). */
export interface AttestationInput {
  readonly statement: CborMap;
  /** The statements within one of the format compound. */
  readonly parts: readonly unknown[];
  readonly authenticatorData: AuthenticatorData;
  readonly attested: AttestedCredential;
  readonly publicKey: PublicKey;
  readonly algorithm: number;
  readonly clientDataHash: Uint8Array;
  /** The algorithms of the options. */
  readonly algorithms: readonly number[];
  /** When the ceremony takes place; milliseconds since 1970. */
  readonly time: number;
  readonly compound: CompoundPolicy;
  /** Whether what Android's software says of a key counts for nothing. */
  readonly teeOnly: boolean;
}

/** How many of the statements within one of the format compound have to hold and to be trustworthy. */
export type CompoundPolicy = 'all' | 'any';

/** Section 6.5.3. */
export type AttestationType = 'none' | 'self' | 'basic' | 'attca' | 'anonca';

export interface Attestation {
  readonly type: AttestationType;
  /** Certificates in DER, the attestation's own first; empty for `none` and `self`. */
  readonly trustPath: readonly Uint8Array[];
}

/** The statements that hold within one of the format compound. */
export interface CompoundAttestation {
  readonly type: 'compound';
  readonly parts: readonly Attestation[];
}

/** The verification procedure of one format; throws `attestation_invalid` and what its readers throw. */
export type AttestationFormat<Result = Attestation | CompoundAttestation> = (
  input: AttestationInput,
  verifier: Verifier,
) => Promise<Result>;

/** Formats by their identifiers (Level 3, section 8). */
export type AttestationFormats = ReadonlyMap<string, AttestationFormat>;

/** Those that may stand within compound. */
export type SingleFormats = ReadonlyMap<string, AttestationFormat<Attestation>>;

export function requireStatement(holds: boolean, detail: string): asserts holds {
  if (!holds) throw new Fido2Error('attestation_invalid', detail);
}

/** The list of certificates of a statement, at least one. */
export function certificatePath(statement: CborMap): [Uint8Array, ...Uint8Array[]] {
  const x5c = statement.get('x5c');
  requireStatement(Array.isArray(x5c) && x5c.length > 0 && x5c.length <= 8, 'x5c is not a list of 1 to 8 certificates');
  const [first, ...rest] = x5c.map((item: unknown) => {
    requireStatement(item instanceof Uint8Array, 'x5c holds something else than bytes');
    return item;
  });
  requireStatement(first !== undefined, 'x5c is empty');
  return [first, ...rest];
}

/** What most formats sign: the authenticator data and the hash of the client data. */
export function signedBytes({ authenticatorData, clientDataHash }: AttestationInput): Uint8Array {
  return concat(authenticatorData.bytes, clientDataHash);
}

/** The row of a statement's `alg`; one that is for attestations only must stand in the options. */
export function statementAlgorithm({ statement, algorithms }: AttestationInput): Algorithm {
  const alg = statement.get('alg');
  const algorithm = findAlgorithm(alg);
  requireStatement(algorithm !== undefined, `alg ${String(alg)} is not supported`);
  const allowed = !isAttestationOnly(algorithm) || algorithms.includes(algorithm.id);
  requireStatement(allowed, `alg ${algorithm.name} is not among the algorithms of the options`);
  return algorithm;
}

export function bytesMember(statement: CborMap, name: string): Uint8Array {
  const value = statement.get(name);
  requireStatement(value instanceof Uint8Array, `${name} is not a byte string`);
  return value;
}
