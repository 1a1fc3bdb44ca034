import { fromBase64url, fromUtf8, utf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { type JsonObject, parseJsonObject } from './json.ts';

/** A JWS in compact form (RFC 7515 section 7.1), read and not yet verified. */
export interface Jws {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signature: Uint8Array;
  /** The bytes that the signature covers. */
  readonly signed: Uint8Array;
}

/** Reads a compact JWS of at most `limit` characters; throws `token_invalid`. */
export function parseJws(text: string, limit = 8192): Jws {
  if (text.length > limit) throw new Fido2Error('token_invalid', `a token of ${text.length} characters`);
  const parts = text.split('.');
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined)
    throw new Fido2Error('token_invalid', `a token of ${parts.length} parts, expected 3`);
  const signatureBytes = fromBase64url(signature);
  if (signatureBytes === null) throw new Fido2Error('token_invalid', "the token's signature is not base64url");
  return {
    header: jsonPart(header, 'header'),
    payload: jsonPart(payload, 'payload'),
    signature: signatureBytes,
    signed: utf8(`${header}.${payload}`),
  };
}

function jsonPart(part: string, what: string): JsonObject {
  const bytes = fromBase64url(part);
  const text = bytes === null ? null : fromUtf8(bytes);
  const value = text === null ? null : parseJsonObject(text);
  if (value === null) throw new Fido2Error('token_invalid', `the token's ${what} is not a JSON object in base64url`);
  return value;
}
