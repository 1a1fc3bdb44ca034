import * as v from 'valibot';
import { equal } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { bytesInBase64url as bytes } from './byte-schema.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** RegistrationResponseJSON (Level 3, section 5.1.8.1), as far as it is read: the key stands in the attestation. */
export interface RegistrationResponseJSON {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly transports?: readonly string[];
  };
  readonly authenticatorAttachment?: string;
  readonly clientExtensionResults: JsonObject;
}

/** AuthenticationResponseJSON (Level 3, section 5.1.8.2). */
export interface AuthenticationResponseJSON {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string;
  };
  readonly authenticatorAttachment?: string;
  readonly clientExtensionResults: JsonObject;
}

/** A registration's answer with its members decoded and nothing verified. */
export interface RegistrationResponse {
  /** The credential's identifier as the client states it. */
  readonly id: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  readonly attestationObject: Uint8Array;
  readonly transports: readonly string[];
  readonly clientExtensionResults: JsonObject;
}

export interface AuthenticationResponse {
  readonly id: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  readonly authenticatorData: Uint8Array;
  readonly signature: Uint8Array;
  readonly userHandle: Uint8Array | null;
  readonly clientExtensionResults: JsonObject;
}

const extensionResults = v.optional(v.custom<JsonObject>(isJsonObject, 'not an object'), {});
const later = v.optional(v.unknown());

/** Section 5.4.5: one that is not known yet is as if there was none. */
const attachment = v.nullish(v.string());

const identifier = v.pipe(bytes, v.minLength(1, 'empty'));

/** Section 5.8.4: a client may name transports that are not known yet. They are kept for later options as they are. */
const transports = v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(16)), []);

const registration = v.object({
  id: identifier,
  rawId: identifier,
  type: v.literal('public-key'),
  authenticatorAttachment: attachment,
  response: v.object({ clientDataJSON: bytes, attestationObject: bytes, transports }),
  clientExtensionResults: later,
});

const authentication = v.object({
  id: identifier,
  rawId: identifier,
  type: v.literal('public-key'),
  authenticatorAttachment: attachment,
  response: v.object({
    clientDataJSON: bytes,
    authenticatorData: bytes,
    signature: bytes,
    userHandle: v.nullish(bytes, null),
  }),
  clientExtensionResults: later,
});

/** Steps 3 and 4 of section 7.1. Throws `malformed` and `credential_id_mismatch`. */
export function parseRegistrationResponse(value: unknown): RegistrationResponse {
  const { id, rawId, response, clientExtensionResults } = read(registration, value, 'credential', '7.1.3');
  requireOneId(id, rawId, '7.1.3');
  const results = read(extensionResults, clientExtensionResults, 'clientExtensionResults', '7.1.4');
  return { id, ...response, clientExtensionResults: results };
}

/** Steps 3 and 4 of section 7.2. Throws `malformed` and `credential_id_mismatch`. */
export function parseAuthenticationResponse(value: unknown): AuthenticationResponse {
  const { id, rawId, response, clientExtensionResults } = read(authentication, value, 'credential', '7.2.3');
  requireOneId(id, rawId, '7.2.3');
  const results = read(extensionResults, clientExtensionResults, 'clientExtensionResults', '7.2.4');
  return { id, ...response, clientExtensionResults: results };
}

function read<T extends v.GenericSchema>(schema: T, value: unknown, name: string, step: string): v.InferOutput<T> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new Fido2Error('malformed', `${v.getDotPath(issue) ?? name}: ${issue.message}`, { step });
}

function requireOneId(id: Uint8Array, rawId: Uint8Array, step: string): void {
  if (!equal(id, rawId)) throw new Fido2Error('credential_id_mismatch', 'id and rawId differ', { step });
}
