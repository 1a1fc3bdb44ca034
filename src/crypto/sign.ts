import { toBase64url, utf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../protocol/json.ts';
import { parseJws } from '../protocol/jws.ts';
import { sha256 } from './digest.ts';
import type { Subtle, SubtleKey } from './subtle.ts';

/** A P-256 public key as a JWK (RFC 7518 section 6.2.1). */
export interface PublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

export interface PrivateJwk extends PublicJwk {
  readonly d: string;
}

/** A private key ready to sign. */
export interface SigningKey {
  readonly kid: string;
  readonly subtle: Subtle;
  readonly key: SubtleKey;
}

export interface Jwt {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const es256 = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** A new ES256 key; `kid` is the RFC 7638 thumbprint of its public half. */
export async function generateSigningKey(
  subtle: Subtle,
): Promise<{ kid: string; publicJwk: PublicJwk; privateJwk: PrivateJwk }> {
  const pair = await subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
  const jwk = await subtle.exportKey('jwk', pair.privateKey);
  const field = (name: string): string => {
    const value: unknown = isJsonObject(jwk) ? jwk[name] : undefined;
    if (typeof value !== 'string') throw new Fido2Error('error', `the exported key has no ${name}`);
    return value;
  };
  const publicJwk: PublicJwk = { kty: 'EC', crv: 'P-256', x: field('x'), y: field('y') };
  return { kid: await thumbprint(subtle, publicJwk), publicJwk, privateJwk: { ...publicJwk, d: field('d') } };
}

/** RFC 7638: SHA-256 over the required members in alphabetical order, base64url. */
export async function thumbprint(subtle: Subtle, jwk: PublicJwk): Promise<string> {
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return toBase64url(await sha256(subtle, utf8(canonical)));
}

export async function importSigningKey(
  subtle: Subtle,
  { kid, privateJwk }: { readonly kid: string; readonly privateJwk: PrivateJwk },
): Promise<SigningKey> {
  return { kid, subtle, key: await subtle.importKey('jwk', privateJwk, keyAlgorithm, false, ['sign']) };
}

/** A JWT in compact form, signed ES256; `alg` and `kid` in its header are the key's. */
export async function signJwt(key: SigningKey, header: JsonObject, claims: JsonObject): Promise<string> {
  const part = (value: JsonObject): string => toBase64url(utf8(JSON.stringify(value)));
  const signed = `${part({ ...header, alg: 'ES256', kid: key.kid })}.${part(claims)}`;
  const signature = new Uint8Array(await key.subtle.sign(es256, key.key, utf8(signed)));
  return `${signed}.${toBase64url(signature)}`;
}

/**
 * Verifies a JWT against a set of published keys: ES256 and nothing else, the key by its `kid` alone (a key, URL or
 * certificate inside the token is never used), no critical headers, `exp` and `nbf` at `time` (milliseconds).
 * Issuer and audience are the caller's to compare. Throws `token_invalid` or `token_expired`.
 */
export async function verifyJwt(
  subtle: Subtle,
  token: string,
  keys: readonly { readonly kid: string; readonly publicJwk: PublicJwk }[],
  time: number,
): Promise<Jwt> {
  const { header, payload, signature, signed } = parseJws(token);
  if (header.alg !== 'ES256') throw new Fido2Error('token_invalid', `alg ${quote(header.alg)}, expected "ES256"`);
  if (header.crit !== undefined) throw new Fido2Error('token_invalid', 'the token has critical headers');
  const published = keys.find((key) => key.kid === header.kid);
  if (published === undefined) throw new Fido2Error('token_invalid', `kid ${quote(header.kid)} is not published`);
  const key = await subtle.importKey('jwk', published.publicJwk, keyAlgorithm, false, ['verify']);
  if (signature.length !== 64 || !(await subtle.verify(es256, key, signature, signed)))
    throw new Fido2Error('token_invalid', 'the signature does not hold');
  if (typeof payload.exp !== 'number') throw new Fido2Error('token_invalid', 'the token has no exp');
  const seconds = time / 1000;
  if (seconds >= payload.exp) throw new Fido2Error('token_expired', `exp ${payload.exp}, now ${seconds}`);
  if (payload.nbf !== undefined && !(typeof payload.nbf === 'number' && payload.nbf <= seconds))
    throw new Fido2Error('token_invalid', `nbf ${quote(payload.nbf)}, now ${seconds}`);
  return { header, claims: payload };
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? 'absent';
}
