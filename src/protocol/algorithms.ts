import type { EdwardsCurve, ModuleLatticeSet, PublicKey, WeierstrassCurve } from './public-key.ts';
import type { HashName } from './verifier.ts';

interface Row {
  /** COSEAlgorithmIdentifier (IANA). */
  readonly id: number;
  readonly name: string;
}

export interface EcdsaAlgorithm extends Row {
  readonly kty: 'EC';
  /** The one curve that a credential's key may be on (Level 3, section 5.8.5). */
  readonly crv: WeierstrassCurve;
  readonly hash: HashName;
}

export interface EddsaAlgorithm extends Row {
  readonly kty: 'OKP';
  readonly crv: EdwardsCurve;
}

export interface RsaAlgorithm extends Row {
  readonly kty: 'RSA';
  readonly padding: 'pkcs1' | 'pss';
  readonly hash: HashName;
  /** For registrations by options that list it, as old TPMs sign; never for an assertion. */
  readonly attestationOnly?: true;
}

/** ML-DSA (FIPS 204), pure and without a context, as RFC 9964 has it in COSE. */
export interface MlDsaAlgorithm extends Row {
  readonly kty: 'AKP';
  readonly set: ModuleLatticeSet;
}

export type Algorithm = EcdsaAlgorithm | EddsaAlgorithm | RsaAlgorithm | MlDsaAlgorithm;

/**
 * The only list of algorithms: what the backends do with a row follows from its fields. Those of RFC 9864 say by name
 * what WebAuthn binds the older ones to.
 */
export const algorithms: readonly Algorithm[] = [
  { id: -7, name: 'ES256', kty: 'EC', crv: 'P-256', hash: 'SHA-256' },
  { id: -8, name: 'EdDSA', kty: 'OKP', crv: 'Ed25519' },
  { id: -35, name: 'ES384', kty: 'EC', crv: 'P-384', hash: 'SHA-384' },
  { id: -36, name: 'ES512', kty: 'EC', crv: 'P-521', hash: 'SHA-512' },
  { id: -9, name: 'ESP256', kty: 'EC', crv: 'P-256', hash: 'SHA-256' },
  { id: -51, name: 'ESP384', kty: 'EC', crv: 'P-384', hash: 'SHA-384' },
  { id: -52, name: 'ESP512', kty: 'EC', crv: 'P-521', hash: 'SHA-512' },
  { id: -19, name: 'Ed25519', kty: 'OKP', crv: 'Ed25519' },
  { id: -47, name: 'ES256K', kty: 'EC', crv: 'secp256k1', hash: 'SHA-256' },
  { id: -53, name: 'Ed448', kty: 'OKP', crv: 'Ed448' },
  { id: -257, name: 'RS256', kty: 'RSA', padding: 'pkcs1', hash: 'SHA-256' },
  { id: -258, name: 'RS384', kty: 'RSA', padding: 'pkcs1', hash: 'SHA-384' },
  { id: -259, name: 'RS512', kty: 'RSA', padding: 'pkcs1', hash: 'SHA-512' },
  { id: -65535, name: 'RS1', kty: 'RSA', padding: 'pkcs1', hash: 'SHA-1', attestationOnly: true },
  { id: -37, name: 'PS256', kty: 'RSA', padding: 'pss', hash: 'SHA-256' },
  { id: -38, name: 'PS384', kty: 'RSA', padding: 'pss', hash: 'SHA-384' },
  { id: -39, name: 'PS512', kty: 'RSA', padding: 'pss', hash: 'SHA-512' },
  { id: -48, name: 'ML-DSA-44', kty: 'AKP', set: 'ML-DSA-44' },
  { id: -49, name: 'ML-DSA-65', kty: 'AKP', set: 'ML-DSA-65' },
  { id: -50, name: 'ML-DSA-87', kty: 'AKP', set: 'ML-DSA-87' },
];

/** Those of credentials that can sign in. */
export const credentialAlgorithms: readonly Algorithm[] = algorithms.filter((row) => !isAttestationOnly(row));

export function isAttestationOnly(algorithm: Algorithm): boolean {
  return algorithm.kty === 'RSA' && algorithm.attestationOnly === true;
}

export function findAlgorithm(id: unknown): Algorithm | undefined {
  return algorithms.find((algorithm) => algorithm.id === id);
}

/**
 * Whether a key can be used with an algorithm at all. Between the curves of NIST a certificate's ECDSA key may be on
 * another than the one that the algorithm's name is bound to for credentials.
 */
export function fitsKey(algorithm: Algorithm, key: PublicKey): boolean {
  if (algorithm.kty === 'RSA') return key.kty === 'RSA';
  if (algorithm.kty === 'AKP') return key.kty === 'AKP' && key.set === algorithm.set;
  if (algorithm.kty === 'OKP') return key.kty === 'OKP' && key.crv === algorithm.crv;
  if (key.kty !== 'EC') return false;
  return algorithm.crv === key.crv || (algorithm.crv !== 'secp256k1' && key.crv !== 'secp256k1');
}
