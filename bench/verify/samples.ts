import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { extendedKeyUsage, tpmName } from '../../test/helpers/attestations.ts';
import { type AttestationName, Authenticator, type Tamper } from '../../test/helpers/authenticator.ts';
import { basicConstraints, createAuthority } from '../../test/helpers/certificates.ts';
import { type AlgorithmName, coseAlgorithms } from '../../test/helpers/credential-keys.ts';

/** One answer to verify, in JSON: bytes are base64url. Every engine is handed the same. */
export interface Sample {
  readonly kind: 'registration' | 'authentication';
  /** The attestation format, or the algorithm. */
  readonly name: string;
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
  readonly algorithm: number;
  readonly credential: object;
  /** DER of the root that the chain leads to. */
  readonly root: string;
  readonly stored: {
    readonly credentialId: string;
    readonly publicKey: string;
    /** The same key as SubjectPublicKeyInfo; null for one that OpenSSL does not have. */
    readonly spki: string | null;
    readonly userHandle: string;
  };
}

const origin = 'https://login.example.org';
const rpId = 'login.example.org';
const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const challenge = base64url(new Uint8Array(32).fill(9));
const userHandle = base64url(new Uint8Array(16).fill(3));

function creationOf(algorithm: AlgorithmName): CreationOptionsJSON {
  return {
    challenge,
    rp: { id: rpId, name: 'Benchmark' },
    user: { id: userHandle, name: 'ada', displayName: 'Ada' },
    pubKeyCredParams: [{ type: 'public-key', alg: coseAlgorithms[algorithm] }],
    timeout: 60_000,
    excludeCredentials: [],
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'direct',
  };
}

const request: RequestOptionsJSON = {
  challenge,
  rpId,
  timeout: 60_000,
  allowCredentials: [],
  userVerification: 'required',
};

const authority = createAuthority('Root of the benchmark');

/** FIDO's name for a TPM of no manufacturer: the others know those that are real, and this one. */
const tpm: Tamper = {
  attestation: { certificate: { extensions: [tpmName('id:FFFFF1D0'), extendedKeyUsage(), basicConstraints(false)] } },
};

/** Android sends its root along, and others look for it there. */
const androidKey: Tamper = {
  statement: (statement) => {
    const x5c = statement.get('x5c');
    return new Map([...statement, ['x5c', [...(Array.isArray(x5c) ? x5c : []), authority.certificate]] as const]);
  },
};

const tampers: Readonly<Partial<Record<AttestationName, Tamper>>> = { tpm, 'android-key': androidKey };

function makeSample(kind: Sample['kind'], attestation: AttestationName, algorithm: AlgorithmName): Sample {
  const aaguid = attestation === 'fido-u2f' ? new Uint8Array(16) : new Uint8Array(16).fill(1);
  const authenticator = new Authenticator({ origin, attestation, algorithm, authority, aaguid });
  const registration = authenticator.create(creationOf(algorithm), tampers[attestation]);
  const [held] = authenticator.credentials;
  if (held === undefined) throw new Error('there is no credential');
  const spki = held.keys.pair?.publicKey.export({ type: 'spki', format: 'der' });
  return {
    kind,
    name: kind === 'registration' ? attestation : algorithm,
    ...{ challenge, origin, rpId, algorithm: coseAlgorithms[algorithm] },
    credential: kind === 'registration' ? registration : authenticator.get(request),
    root: base64url(authority.certificate),
    stored: {
      credentialId: registration.id,
      publicKey: base64url(held.publicKey),
      spki: spki === undefined ? null : base64url(spki),
      userHandle,
    },
  };
}

/** A registration of each format by an ES256 key (an RS256 key of the TPM), and an authentication by each algorithm. */
export function makeSamples(): Sample[] {
  const formats: readonly AttestationName[] = [
    ...(['none', 'packed-self', 'packed-x5c', 'fido-u2f', 'apple', 'android-key', 'tpm', 'compound'] as const),
  ];
  const algorithms: readonly AlgorithmName[] = [
    ...(['ES256', 'ES384', 'ES512', 'ES256K', 'EdDSA', 'Ed448', 'RS256', 'PS256'] as const),
    ...(['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const),
  ];
  return [
    ...formats.map((format) => makeSample('registration', format, format === 'tpm' ? 'RS256' : 'ES256')),
    ...algorithms.map((algorithm) => makeSample('authentication', 'none', algorithm)),
  ];
}
