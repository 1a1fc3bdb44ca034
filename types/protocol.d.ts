/**
 * WebAuthn Level 3 for Node, without nginx: `import { .. } from 'ngx-fido2/protocol'`. Bytes are Uint8Array, times are
 * milliseconds since 1970.
 */

/** A refusal: `code` is one of docs/errors.md, `step` the number in Level 3 of what did not hold. */
export declare class Fido2Error extends Error {
  readonly code: ErrorCode;
  readonly step: string | undefined;
}

export type ErrorCode = string;
export type JsonObject = Readonly<Record<string, unknown>>;
export type UserVerification = 'required' | 'preferred' | 'discouraged';
export type AttestationConveyance = 'none' | 'indirect' | 'direct' | 'enterprise';
export type AttestationFormatName =
  | 'none'
  | 'packed'
  | 'tpm'
  | 'android-key'
  | 'apple'
  | 'fido-u2f'
  | 'compound'
  | 'android-safetynet';

/** A credential as options name it. */
export interface CredentialDescriptor {
  readonly id: Uint8Array;
  readonly transports: readonly string[];
}

export interface CredentialDescriptorJSON {
  readonly type: 'public-key';
  readonly id: string;
  readonly transports?: readonly string[];
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
  readonly timeout: number;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

/** PublicKeyCredentialCreationOptionsJSON (section 5.1.9). */
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

/** The options of a registration: of a discoverable credential, so that nobody types a name to sign in. */
export declare function creationOptions(options: CreationOptions): CreationOptionsJSON;

export interface RequestOptions {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  /** Empty for a sign-in without a name. */
  readonly allowCredentials: readonly CredentialDescriptor[];
  readonly userVerification: UserVerification;
  readonly timeout: number;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

/** PublicKeyCredentialRequestOptionsJSON (section 5.1.9). */
export interface RequestOptionsJSON {
  readonly challenge: string;
  readonly rpId: string;
  readonly timeout: number;
  readonly allowCredentials: readonly CredentialDescriptorJSON[];
  readonly userVerification: UserVerification;
  readonly hints?: readonly string[];
  readonly extensions?: JsonObject;
}

export declare function requestOptions(options: RequestOptions): RequestOptionsJSON;

/** What is expected of every ceremony. */
interface CeremonyExpectation {
  readonly challenge: Uint8Array;
  readonly rpId: string;
  /** Whole origins, compared as text: `https://login.example.org`, `android:apk-key-hash:..`. */
  readonly origins: readonly string[];
  /** Whether the page may have been a frame within a page of another site. Default: no. */
  readonly crossOrigin?: boolean;
  /** The origins of the pages that may frame it. */
  readonly topOrigins?: readonly string[];
  readonly userVerification: UserVerification;
  /** The extensions of the options, by their identifiers. */
  readonly extensions?: JsonObject;
  /** What to do with outputs that nobody asked for. Default: `ignore`. */
  readonly unsolicitedExtensions?: 'ignore' | 'refuse';
  /** Accept CBOR maps whose keys are not in CTAP2's order. Default: no. */
  readonly misorderedMaps?: boolean;
}

/** What came of the extensions: the client's outputs (JSON) and the authenticator's (CBOR). */
export interface ExtensionOutputs {
  readonly client: JsonObject;
  readonly authenticator: ReadonlyMap<unknown, unknown>;
}

export interface RegistrationExpectation extends CeremonyExpectation {
  /** COSE algorithm identifiers. Default: all that a credential may sign in with. */
  readonly algorithms?: readonly number[];
  /** When certificates are to be valid. Default: now. */
  readonly time?: number;
  /** Certificates in DER that chains must lead to. Default: null, do not assess who made the statement. */
  readonly trustAnchors?: readonly Uint8Array[] | null;
  /** Whether `none` and self attestation are refused. Default: no. */
  readonly attestationRequired?: boolean;
  /** Default: all but android-safetynet. */
  readonly formats?: readonly AttestationFormatName[];
  /** Which of the statements within the format compound must hold and be trustworthy. Default: `all`. */
  readonly compound?: 'all' | 'any';
  /** Whether keys of Android have to be made and held by a trusted execution environment. Default: no. */
  readonly teeOnly?: boolean;
  /** `conditional` for a creation without a prompt, which needs no user presence. */
  readonly mediation?: 'conditional';
  /** Whether anybody has registered this credential. */
  credentialExists(id: Uint8Array): Promise<boolean>;
}

export interface Attestation {
  readonly type: 'none' | 'self' | 'basic' | 'attca' | 'anonca';
  /** Certificates in DER, the attestation's own first; empty for `none` and `self`. */
  readonly trustPath: readonly Uint8Array[];
}

/** What to keep of a new credential. */
export interface RegistrationResult {
  readonly credentialId: Uint8Array;
  /** The COSE_Key as it was attested. */
  readonly publicKey: Uint8Array;
  readonly algorithm: number;
  readonly signCount: number;
  /** The authenticator's model in the form of a UUID. */
  readonly aaguid: string;
  readonly format: string;
  readonly attestationType: 'none' | 'self' | 'basic' | 'attca' | 'anonca' | 'compound';
  /** What attests it; its certificates' path is verified where `trustAnchors` are named. */
  readonly attestation: Attestation | { readonly type: 'compound'; readonly parts: readonly Attestation[] };
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly userVerified: boolean;
  readonly transports: readonly string[];
  readonly extensions: ExtensionOutputs;
}

/** Verifies a RegistrationResponseJSON (section 7.1). Throws Fido2Error. */
export declare function verifyRegistration(
  response: unknown,
  expected: RegistrationExpectation,
): Promise<RegistrationResult>;

/** The record of the credential that the answer names. */
export interface StoredCredential {
  readonly credentialId: Uint8Array;
  /** COSE_Key. */
  readonly publicKey: Uint8Array;
  readonly signCount: number;
  /** The handle of the user who owns it. */
  readonly userHandle: Uint8Array;
  /** null for a record from before the flag was kept. */
  readonly backupEligible: boolean | null;
  readonly backedUp: boolean;
}

export interface AuthenticationExpectation extends CeremonyExpectation {
  /** null: nobody has registered the credential. */
  readonly stored: StoredCredential | null;
  /** The identifiers that the options named. Empty or absent: any. */
  readonly allowCredentials?: readonly Uint8Array[];
  /** The user who is known before the ceremony, by a session. Absent or null: the answer must name the user. */
  readonly userHandle?: Uint8Array | null;
  /** The FIDO U2F application identifier that the options' `appid` extension named. */
  readonly appid?: string | null;
  /** What a sign count that did not grow means. Default: `refuse`. */
  readonly signCount?: 'refuse' | 'report';
}

/** What to update the credential's record with. */
export interface AuthenticationResult {
  readonly credentialId: Uint8Array;
  readonly algorithm: number;
  readonly signCount: number;
  /** Whether the counter did not grow: two authenticators may hold the key. */
  readonly signCountRegressed: boolean;
  readonly userVerified: boolean;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly extensions: ExtensionOutputs;
}

/** Verifies an AuthenticationResponseJSON (section 7.2) against the stored credential that it names. Throws Fido2Error. */
export declare function verifyAuthentication(
  response: unknown,
  expected: AuthenticationExpectation,
): Promise<AuthenticationResult>;
