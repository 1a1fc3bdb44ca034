import { toBase64url } from '../bytes.ts';
import type { JsonObject } from './json.ts';

export type UserVerification = 'required' | 'preferred' | 'discouraged';
export type AttestationConveyance = 'none' | 'indirect' | 'direct' | 'enterprise';

/** A credential as options name it. Transports are those that the client reported at registration. */
export interface CredentialDescriptor {
  readonly id: Uint8Array;
  readonly transports: readonly string[];
}

export interface CredentialDescriptorJSON {
  readonly type: 'public-key';
  readonly id: string;
  readonly transports?: readonly string[];
}

/** PublicKeyCredentialCreationOptionsJSON (Level 3, section 5.1.9). */
export interface CreationOptionsJSON {
  readonly rp: { readonly id: string; readonly name: string };
  readonly user: { readonly id: string; readonly name: string; readonly displayName: string };
  readonly challenge: string;
  readonly pubKeyCredParams: readonly { readonly type: 'public-key'; readonly alg: number }[];
  readonly timeout: number;
  readonly excludeCredentials: readonly CredentialDescriptorJSON[];
  readonly authenticatorSelection: {
    readonly residentKey: 'required' | 'preferred' | 'discouraged';
    readonly requireResidentKey: boolean;
    readonly userVerification: UserVerification;
  };
  readonly attestation: AttestationConveyance;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

/** PublicKeyCredentialRequestOptionsJSON (Level 3, section 5.1.9). */
export interface RequestOptionsJSON {
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout: number;
  readonly allowCredentials: readonly CredentialDescriptorJSON[];
  readonly userVerification: UserVerification;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

export interface CreationOptions {
  readonly challenge: Uint8Array;
  readonly rp: { readonly id: string; readonly name: string };
  /** `id` is the user handle: random, 1 to 64 bytes, nothing personal in it. */
  readonly user: { readonly id: Uint8Array; readonly name: string; readonly displayName: string };
  /** COSE algorithm identifiers, the most wanted first. */
  readonly algorithms: readonly number[];
  readonly excludeCredentials: readonly CredentialDescriptor[];
  readonly userVerification: UserVerification;
  readonly attestation: AttestationConveyance;
  /** Milliseconds. */
  readonly timeout: number;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

/** The options of a registration (section 5.4). The credential is discoverable: nobody types a name to log in. */
export function creationOptions(options: CreationOptions): CreationOptionsJSON {
  return {
    rp: { id: options.rp.id, name: options.rp.name },
    user: {
      id: toBase64url(options.user.id),
      name: options.user.name,
      displayName: options.user.displayName,
    },
    challenge: toBase64url(options.challenge),
    pubKeyCredParams: options.algorithms.map((alg) => ({ type: 'public-key', alg })),
    timeout: options.timeout,
    excludeCredentials: options.excludeCredentials.map(descriptor),
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: options.userVerification,
    },
    attestation: options.attestation,
    ...(options.hints !== undefined && { hints: options.hints }),
    extensions: { credProps: true, ...options.extensions },
  };
}

export interface RequestOptions {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  /** Empty for a login without a name: the authenticator offers its discoverable credentials. */
  readonly allowCredentials: readonly CredentialDescriptor[];
  readonly userVerification: UserVerification;
  /** Milliseconds. */
  readonly timeout: number;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

/** The options of an authentication (section 5.5). */
export function requestOptions(options: RequestOptions): RequestOptionsJSON {
  return {
    challenge: toBase64url(options.challenge),
    rpId: options.rpId,
    timeout: options.timeout,
    allowCredentials: options.allowCredentials.map(descriptor),
    userVerification: options.userVerification,
    ...(options.hints !== undefined && { hints: options.hints }),
    ...(options.extensions !== undefined && { extensions: options.extensions }),
  };
}

function descriptor({ id, transports }: CredentialDescriptor): CredentialDescriptorJSON {
  return { type: 'public-key', id: toBase64url(id), ...(transports.length > 0 && { transports }) };
}
