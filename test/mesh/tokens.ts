import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { signJwt } from '../../src/crypto/sign.ts';
import { audience, issuer, key, signingKey } from './fixtures.ts';

type Claims = Parameters<typeof signJwt>[2];

/** Seconds since 1970. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** Those of a token that the policy of the table admits. */
export const claims = (changes: Claims = {}): Claims => ({
  iss: issuer,
  aud: audience,
  sub: 'AAAAAAAAAAAAAAAAAAAAAA',
  preferred_username: 'ana',
  groups: ['payments'],
  iat: now(),
  nbf: now(),
  exp: now() + 120,
  amr: ['pop', 'swk', 'user', 'mfa'],
  ...changes,
});

/** The claims without one. */
export function lacking(name: string, payload: object = claims()): object {
  return Object.fromEntries(Object.entries(payload).filter(([each]) => each !== name));
}

export const signed = (changes: Claims = {}): Promise<string> => signJwt(signingKey, { typ: 'JWT' }, claims(changes));

export const header = { alg: 'ES256', kid: key.kid, typ: 'JWT' };

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed by our key under any header. */
export async function underHeader(changed: object, payload: object = claims()): Promise<string> {
  const text = `${part(changed)}.${part(payload)}`;
  const ours = await nodeSubtle.importKey('jwk', { ...key.privateJwk }, { name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
  ]);
  const signature = await nodeSubtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, ours, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

export function unsigned(payload: object = claims()): string {
  return `${part({ alg: 'none' })}.${part(payload)}.`;
}

/** Our key’s id over the signature of another one. */
export function byAnotherKey(payload: object = claims()): string {
  const text = `${part(header)}.${part(payload)}`;
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A MAC whose key is the public key, which everybody knows. */
export function byPublicKey(payload: object = claims()): string {
  const text = `${part({ ...header, alg: 'HS256' })}.${part(payload)}`;
  return `${text}.${createHmac('sha256', JSON.stringify(key.publicJwk)).update(text).digest('base64url')}`;
}

/** The claims of another token under the signature of this one. */
export function tampered(token: string, payload: object = claims()): string {
  const [head, , signature] = token.split('.');
  return [head, part(payload), signature].join('.');
}
