import { createHash, randomBytes } from 'node:crypto';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '../../src/protocol/response-json.ts';
import {
  type AttestationChanges,
  androidKey,
  androidSafetynet,
  apple,
  compound,
  fidoU2f,
  packed,
  type Statement,
  tpm,
} from './attestations.ts';
import { type CborMap, type CborValue, encodeCbor } from './cbor.ts';
import { type CertificateAuthority, createAuthority, type KeyPair } from './certificates.ts';
import { type AlgorithmName, type CredentialKeys, coseAlgorithms, credentialKeys } from './credential-keys.ts';

export type AttestationName = 'none' | 'packed-self' | keyof typeof makers;

const makers = {
  'packed-x5c': packed,
  'fido-u2f': fidoU2f,
  apple,
  'android-key': androidKey,
  'android-safetynet': androidSafetynet,
  tpm,
  compound,
};

export interface AuthenticatorOptions {
  readonly origin: string;
  /** Default: the origin's host. */
  readonly rpId?: string;
  readonly algorithm?: AlgorithmName;
  /** The key of every credential. Default: a new one each; RSA keys take their time. */
  readonly keys?: KeyPair;
  readonly attestation?: AttestationName;
  /** Signs the certificates of attestations. Default: one of its own. */
  readonly authority?: CertificateAuthority;
  readonly userVerification?: boolean;
  readonly backupEligible?: boolean;
  readonly backedUp?: boolean;
  readonly aaguid?: Uint8Array;
  readonly transports?: readonly string[];
  /** How much the signature counter grows with each use. 0 for an authenticator without one, as passkeys are. */
  readonly counterStep?: number;
}

/** A credential in the authenticator. */
export interface HeldCredential {
  readonly id: Uint8Array;
  readonly rpId: string;
  readonly userHandle: Uint8Array;
  readonly algorithm: AlgorithmName;
  readonly keys: CredentialKeys;
  /** The COSE_Key as it was attested. */
  readonly publicKey: Uint8Array;
  signCount: number;
}

/** Changes to an answer on its way; each sees what the authenticator would have made, before it is signed. */
export interface Tamper {
  readonly clientData?: Readonly<Record<string, unknown>>;
  readonly clientDataJSON?: (bytes: Uint8Array) => Uint8Array;
  readonly rpId?: string;
  readonly flags?: (flags: number) => number;
  readonly signCount?: number;
  readonly credentialId?: Uint8Array;
  readonly coseKey?: (key: CborMap) => CborMap;
  readonly extensions?: CborMap;
  readonly authData?: (bytes: Uint8Array) => Uint8Array;
  readonly signature?: (bytes: Uint8Array) => Uint8Array;
  readonly statement?: (statement: CborMap) => CborMap;
  readonly attestation?: AttestationChanges;
  readonly attestationObject?: (object: CborMap) => CborMap;
  readonly clientExtensionResults?: Readonly<Record<string, unknown>>;
}

export const flag = { userPresent: 1, userVerified: 4, backupEligible: 8, backedUp: 16, attested: 64, extensions: 128 };

/** A software authenticator with the client around it: takes options as JSON and answers as a browser does. */
export class Authenticator {
  readonly credentials: HeldCredential[] = [];
  readonly aaguid: Uint8Array;
  readonly authority: CertificateAuthority;
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.aaguid = options.aaguid ?? randomBytes(16);
    this.authority = options.authority ?? createAuthority('Test attestation root');
  }

  /** Makes a credential. Throws an InvalidStateError, as a browser does, for one that is excluded. */
  create(options: CreationOptionsJSON, tamper: Tamper = {}): RegistrationResponseJSON {
    const { algorithm = 'ES256', transports = ['internal'] } = this.#options;
    const rpId = options.rp.id ?? this.#rpId();
    const excluded = options.excludeCredentials.map((descriptor) => descriptor.id);
    if (this.credentials.some((held) => excluded.includes(base64url(held.id))))
      throw new DOMException('The authenticator was previously registered.', 'InvalidStateError');

    const keys = credentialKeys(algorithm, this.#options.keys);
    const publicKey = encodeCbor(tamper.coseKey?.(keys.coseKey) ?? keys.coseKey);
    const id = tamper.credentialId ?? randomBytes(32);
    const userHandle = Buffer.from(options.user.id, 'base64url');
    const credential = { id, rpId, userHandle, algorithm, keys, publicKey, signCount: 0 };
    this.credentials.push(credential);

    const idLength = Uint8Array.of(id.length >> 8, id.length & 0xff);
    const attested = Buffer.concat([this.aaguid, idLength, id, publicKey]);
    const authData = this.#authData(credential, tamper, attested);
    const clientDataJSON = this.#clientData('webauthn.create', options.challenge, tamper);
    const toSign = Buffer.concat([authData, sha256(clientDataJSON)]);
    const [fmt, statement] = this.#attest(credential, toSign, tamper);
    const object = new Map<CborValue, CborValue>([
      ['fmt', fmt],
      ['attStmt', statement instanceof Map ? (tamper.statement?.(statement) ?? statement) : statement],
      ['authData', authData],
    ]);
    return {
      id: base64url(id),
      rawId: base64url(id),
      type: 'public-key',
      response: {
        clientDataJSON: base64url(clientDataJSON),
        attestationObject: base64url(encodeCbor(tamper.attestationObject?.(object) ?? object)),
        transports,
      },
      authenticatorAttachment: 'platform',
      clientExtensionResults: tamper.clientExtensionResults ?? { credProps: { rk: true } },
    };
  }

  /** Signs with the first allowed credential, or with the newest for the relying party if none is named. */
  get(options: RequestOptionsJSON, tamper: Tamper = {}): AuthenticationResponseJSON {
    const rpId = options.rpId ?? this.#rpId();
    const allowed = options.allowCredentials.map((descriptor) => descriptor.id);
    const credential = this.credentials.findLast(
      (held) => held.rpId === rpId && (allowed.length === 0 || allowed.includes(base64url(held.id))),
    );
    if (credential === undefined) throw new DOMException('No credential fits.', 'NotAllowedError');

    const authData = this.#authData(credential, tamper, null);
    const clientDataJSON = this.#clientData('webauthn.get', options.challenge, tamper);
    const signature = credential.keys.sign(Buffer.concat([authData, sha256(clientDataJSON)]));
    return {
      id: base64url(credential.id),
      rawId: base64url(credential.id),
      type: 'public-key',
      response: {
        clientDataJSON: base64url(clientDataJSON),
        authenticatorData: base64url(authData),
        signature: base64url(tamper.signature?.(signature) ?? signature),
        userHandle: base64url(credential.userHandle),
      },
      authenticatorAttachment: 'platform',
      clientExtensionResults: tamper.clientExtensionResults ?? {},
    };
  }

  #rpId(): string {
    return this.#options.rpId ?? new URL(this.#options.origin).hostname;
  }

  #authData(credential: HeldCredential, tamper: Tamper, attested: Uint8Array | null): Uint8Array {
    const { userVerification = true, backupEligible = false, backedUp = false, counterStep = 1 } = this.#options;
    const flags =
      flag.userPresent |
      (userVerification ? flag.userVerified : 0) |
      (backupEligible ? flag.backupEligible : 0) |
      (backedUp ? flag.backedUp : 0) |
      (attested === null ? 0 : flag.attested) |
      (tamper.extensions === undefined ? 0 : flag.extensions);
    credential.signCount = tamper.signCount ?? credential.signCount + counterStep;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(credential.signCount);
    const bytes = Buffer.concat([
      sha256(Buffer.from(tamper.rpId ?? credential.rpId)),
      Uint8Array.of(tamper.flags?.(flags) ?? flags),
      counter,
      attested ?? new Uint8Array(0),
      tamper.extensions === undefined ? new Uint8Array(0) : encodeCbor(tamper.extensions),
    ]);
    return tamper.authData?.(bytes) ?? bytes;
  }

  #clientData(type: string, challenge: string, tamper: Tamper): Uint8Array {
    const data = { type, challenge, origin: this.#options.origin, crossOrigin: false, ...tamper.clientData };
    const bytes = Buffer.from(JSON.stringify(data));
    return tamper.clientDataJSON?.(bytes) ?? bytes;
  }

  #attest(credential: HeldCredential, toSign: Uint8Array, tamper: Tamper): Statement {
    const { attestation = 'none' } = this.#options;
    const signed = (signature: Uint8Array): Uint8Array => tamper.signature?.(signature) ?? signature;
    if (attestation === 'none') return ['none', new Map()];
    if (attestation === 'packed-self') {
      const statement = new Map<CborValue, CborValue>([
        ['alg', coseAlgorithms[credential.algorithm]],
        ['sig', signed(credential.keys.sign(toSign))],
      ]);
      return ['packed', statement];
    }
    const { pair } = credential.keys;
    const [format, statement] = makers[attestation]({
      authority: this.authority,
      aaguid: this.aaguid,
      credentialId: credential.id,
      ...(pair !== undefined && { keys: pair }),
      authData: toSign.subarray(0, -32),
      clientDataHash: toSign.subarray(-32),
      changes: tamper.attestation ?? {},
    });
    if (!(statement instanceof Map)) return [format, statement];
    const signature: unknown = statement.get('sig');
    if (signature instanceof Uint8Array) return [format, new Map([...statement, ['sig', signed(signature)] as const])];
    return [format, statement];
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest();
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
