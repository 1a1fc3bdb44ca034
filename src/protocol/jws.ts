import { fromBase64url, fromUtf8, utf8 } from '../bytes.ts';
import { type ErrorCode, Fido2Error } from '../errors.ts';
import { encodeEcdsaSignature } from './der.ts';
import { type JsonObject, parseJsonObject } from './json.ts';
import type { PublicKey, WeierstrassCurve } from './public-key.ts';
import type { Verifier } from './verifier.ts';

/** A JWS in compact form (RFC 7515 section 7.1), read and not yet verified. */
export interface Jws {
  readonly header: JsonObject;
  readonly payload: JsonObject;
  readonly signature: Uint8Array;
  /** The bytes that the signature covers. */
  readonly signed: Uint8Array;
}

/** Reads a compact JWS of at most `limit` characters; throws `code`. */
export function parseJws(text: string, limit = 8192, code: ErrorCode = 'token_invalid'): Jws {
  if (text.length > limit) throw new Fido2Error(code, `a token of ${text.length} characters`);
  const parts = text.split('.', 4);
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined)
    throw new Fido2Error(code, `a token of ${parts.length} parts, expected 3`);
  const signatureBytes = fromBase64url(signature);
  if (signatureBytes === null) throw new Fido2Error(code, "the token's signature is not base64url");
  const jsonPart = (part: string, what: string): JsonObject => {
    const bytes = fromBase64url(part);
    const json = bytes === null ? null : fromUtf8(bytes);
    const value = json === null ? null : parseJsonObject(json);
    if (value === null) throw new Fido2Error(code, `the token's ${what} is not a JSON object in base64url`);
    return value;
  };
  return {
    header: jsonPart(header, 'header'),
    payload: jsonPart(payload, 'payload'),
    signature: signatureBytes,
    signed: utf8(`${header}.${payload}`),
  };
}

/** RFC 7518 section 3.1. For ECDSA the one curve that a name stands for, and the bytes of each half of a signature. */
const algorithms: ReadonlyMap<unknown, { id: number; ecdsa?: { crv: WeierstrassCurve; size: number } }> = new Map([
  ['RS256', { id: -257 }],
  ['RS384', { id: -258 }],
  ['RS512', { id: -259 }],
  ['ES256', { id: -7, ecdsa: { crv: 'P-256', size: 32 } }],
  ['ES384', { id: -35, ecdsa: { crv: 'P-384', size: 48 } }],
  ['ES512', { id: -36, ecdsa: { crv: 'P-521', size: 66 } }],
]);

/** Whether the signature holds under the key with the algorithm of the header, which must be one for such a key. */
export async function verifyJws(
  { header, signature, signed }: Jws,
  key: PublicKey,
  verifier: Verifier,
): Promise<boolean> {
  const algorithm = algorithms.get(header.alg);
  if (algorithm === undefined) return false;
  const { id, ecdsa } = algorithm;
  if (ecdsa === undefined) return verifier.verify(key, id, signed, signature);
  if (key.kty !== 'EC' || key.crv !== ecdsa.crv || signature.length !== 2 * ecdsa.size) return false;
  return verifier.verify(key, id, signed, encodeEcdsaSignature(signature));
}
