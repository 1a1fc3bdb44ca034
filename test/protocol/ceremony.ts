import { webcrypto } from 'node:crypto';
import { verifyMlDsa } from '../../src/crypto/ml-dsa.ts';
import { createVerifier } from '../../src/crypto/verify.ts';
import { credentialAlgorithms } from '../../src/protocol/algorithms.ts';
import { attestationFormats } from '../../src/protocol/attestation/formats.ts';
import {
  type AuthenticationExpectation,
  type AuthenticationResult,
  type StoredCredential,
  verifyAuthentication,
} from '../../src/protocol/authentication.ts';
import { creationOptions, requestOptions } from '../../src/protocol/options.ts';
import {
  type RegistrationExpectation,
  type RegistrationResult,
  verifyRegistration,
} from '../../src/protocol/registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from '../../src/protocol/response-json.ts';
import { Authenticator, type AuthenticatorOptions, type Tamper } from '../helpers/authenticator.ts';

export const origin = 'https://login.example.org';
export const rpId = 'login.example.org';
export const challenge = new Uint8Array(32).fill(9);
export const userHandle = new Uint8Array(16).fill(3);
export const verifier = createVerifier({ subtle: webcrypto.subtle, mode: 'auto', mlDsa: verifyMlDsa });

const common = { challenge, rpId, userVerification: 'required', timeout: 60_000 } as const;

export const creation = creationOptions({
  ...common,
  rp: { id: rpId, name: 'Example' },
  user: { id: userHandle, name: 'ann', displayName: 'Ann' },
  algorithms: [-7, -8, -35, -36, -257],
  excludeCredentials: [],
  attestation: 'direct',
});

export const request = requestOptions({ ...common, allowCredentials: [] });

const expectation: RegistrationExpectation = {
  challenge,
  origins: [origin],
  rpId,
  userVerification: 'required',
  algorithms: credentialAlgorithms.map(({ id }) => id),
  time: Date.UTC(2026, 0, 1),
  trustAnchors: null,
  formats: attestationFormats,
  credentialExists: async () => false,
};

export function createAuthenticator(options: Partial<AuthenticatorOptions> = {}): Authenticator {
  return new Authenticator({ origin, ...options });
}

export interface Registration {
  readonly authenticator?: Authenticator;
  readonly options?: Partial<AuthenticatorOptions>;
  readonly tamper?: Tamper;
  readonly expected?: Partial<RegistrationExpectation>;
  /** Changes the JSON on its way. */
  readonly json?: (json: Record<string, unknown>) => unknown;
}

/** A whole registration, every part of which may be changed. */
export async function register(changes: Registration = {}): Promise<RegistrationResult> {
  const { authenticator = createAuthenticator(changes.options), json = (same) => same } = changes;
  const answer = json({ ...authenticator.create(creation, changes.tamper) });
  const response = parseRegistrationResponse(answer);
  return verifyRegistration(response, { ...expectation, ...changes.expected }, verifier);
}

export interface Authentication {
  readonly options?: Partial<AuthenticatorOptions>;
  readonly tamper?: Tamper;
  readonly expected?: Partial<AuthenticationExpectation>;
  readonly stored?: Partial<StoredCredential> | null;
  readonly json?: (json: Record<string, unknown>) => unknown;
}

/** A registration and then an assertion with its credential. */
export async function authenticate(changes: Authentication = {}): Promise<AuthenticationResult> {
  const { json = (same) => same } = changes;
  const authenticator = createAuthenticator(changes.options);
  const registered = await register({ authenticator, expected: { userVerification: 'discouraged' } });
  const response = parseAuthenticationResponse(json({ ...authenticator.get(request, changes.tamper) }));
  const stored = changes.stored === null ? null : { ...registered, userHandle, ...changes.stored };
  const expected = { challenge, origins: [origin], rpId, userVerification: 'required' } as const;
  return verifyAuthentication(response, { ...expected, ...changes.expected, stored }, verifier);
}

/** The form of a refusal to compare with. */
export function refusal(code: string, step?: string): object {
  return { name: 'Fido2Error', code, ...(step !== undefined && { step }) };
}
