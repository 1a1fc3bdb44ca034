import {
  constants,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  webcrypto,
} from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { describe, expect, test } from 'vitest';
import type { Subtle } from '../../src/crypto/subtle.ts';
import { algorithmBackends, createVerifier } from '../../src/crypto/verify.ts';
import { type Algorithm, algorithms as allAlgorithms } from '../../src/protocol/algorithms.ts';
import type { PublicKey } from '../../src/protocol/public-key.ts';
import { integer, sequence } from '../helpers/der.ts';

/** Those that OpenSSL signs here; ml-dsa.test.ts has the others. */
const algorithms: readonly Algorithm[] = allAlgorithms.filter(({ kty }) => kty !== 'AKP');

const data = new TextEncoder().encode('what is signed');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const oddRsa = generateKeyPairSync('rsa', { modulusLength: 2049 });
const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve });
const p256Pair = ec('P-256');
const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

interface Sample {
  readonly keys: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
  readonly sign: (key: KeyObject) => Uint8Array;
}

/** OpenSSL's signatures are the second opinion. */
const samples: Readonly<Record<string, Sample>> = {
  ES256: { keys: p256Pair, sign: (key) => sign('sha256', data, key) },
  ES384: { keys: ec('P-384'), sign: (key) => sign('sha384', data, key) },
  ES512: { keys: ec('P-521'), sign: (key) => sign('sha512', data, key) },
  ES256K: { keys: ec('secp256k1'), sign: (key) => sign('sha256', data, key) },
  EdDSA: { keys: generateKeyPairSync('ed25519'), sign: (key) => sign(null, data, key) },
  Ed448: { keys: generateKeyPairSync('ed448'), sign: (key) => sign(null, data, key) },
  RS256: { keys: rsa, sign: (key) => sign('sha256', data, key) },
  RS384: { keys: rsa, sign: (key) => sign('sha384', data, key) },
  RS512: { keys: rsa, sign: (key) => sign('sha512', data, key) },
  RS1: { keys: rsa, sign: (key) => sign('sha1', data, key) },
  PS256: { keys: rsa, sign: (key) => sign('sha256', data, { key, ...pss }) },
  PS384: { keys: rsa, sign: (key) => sign('sha384', data, { key, ...pss }) },
  PS512: { keys: rsa, sign: (key) => sign('sha512', data, { key, ...pss }) },
};

const sameAs: Readonly<Record<string, string>> = {
  ESP256: 'ES256',
  ESP384: 'ES384',
  ESP512: 'ES512',
  Ed25519: 'EdDSA',
};

function publicKeyOf(key: KeyObject): PublicKey {
  const jwk = key.export({ format: 'jwk' });
  const field = (text: string | undefined): Uint8Array => new Uint8Array(Buffer.from(text ?? '', 'base64url'));
  if (jwk.kty === 'RSA') return { kty: 'RSA', n: field(jwk.n), e: field(jwk.e) };
  if (jwk.kty === 'OKP') return { kty: 'OKP', crv: jwk.crv === 'Ed448' ? 'Ed448' : 'Ed25519', x: field(jwk.x) };
  const crv = (['P-256', 'P-384', 'P-521', 'secp256k1'] as const).find((name) => name === jwk.crv);
  if (crv === undefined) throw new Error(`no curve ${jwk.crv}`);
  return { kty: 'EC', crv, x: field(jwk.x), y: field(jwk.y) };
}

/** As nginx has it: WebCrypto without Ed25519. */
const withoutEd25519: Subtle = {
  ...Object.fromEntries(
    (['digest', 'exportKey', 'generateKey', 'deriveBits', 'sign', 'verify'] as const).map((name) => [
      name,
      webcrypto.subtle[name].bind(webcrypto.subtle),
    ]),
  ),
  importKey: async (...parameters: Parameters<Subtle['importKey']>) => {
    const [, , algorithm] = parameters;
    if (typeof algorithm === 'object' && algorithm.name === 'Ed25519') throw new TypeError('unknown algorithm');
    return (webcrypto.subtle as Subtle).importKey(...parameters);
  },
} as Subtle;

describe.each([
  { backend: 'auto', verifier: createVerifier({ subtle: webcrypto.subtle, mode: 'auto' }) },
  { backend: 'auto without Ed25519', verifier: createVerifier({ subtle: withoutEd25519, mode: 'auto' }) },
  { backend: 'portable', verifier: createVerifier({ subtle: webcrypto.subtle, mode: 'portable' }) },
])('$backend', ({ verifier }) => {
  test.each(algorithms)('$name verifies what OpenSSL signed and nothing else', async ({ id, name }) => {
    const sample = samples[sameAs[name] ?? name];
    if (sample === undefined) throw new Error(`no sample for ${name}`);
    const key = publicKeyOf(sample.keys.publicKey);
    const signature = new Uint8Array(sample.sign(sample.keys.privateKey));
    expect(await verifier.verify(key, id, data, signature)).toBe(true);
    expect(await verifier.verify(key, id, data.subarray(1), signature)).toBe(false);
    const last = signature.length - 1;
    const wrong = [
      Uint8Array.from(signature, (byte, i) => (i === last ? byte ^ 1 : byte)),
      signature.subarray(0, last),
      new Uint8Array([...signature, 0]),
      new Uint8Array([0, ...signature]),
      new Uint8Array(signature.length),
      new Uint8Array(signature.length).fill(0xff),
      new Uint8Array(0),
    ];
    for (const one of wrong) expect(await verifier.verify(key, id, data, one)).toBe(false);
    for (const other of algorithms) {
      const same = (sameAs[other.name] ?? other.name) === (sameAs[name] ?? name);
      expect(await verifier.verify(key, other.id, data, signature), other.name).toBe(same);
    }
  });

  test('signatures with high and with low s', async () => {
    const { n } = p256.Point.CURVE();
    const key = publicKeyOf(p256Pair.publicKey);
    const signature = p256.Signature.fromBytes(sign('sha256', data, p256Pair.privateKey), 'der');
    const other = new p256.Signature(signature.r, n - signature.s);
    for (const one of [signature, other]) expect(await verifier.verify(key, -7, data, one.toBytes('der'))).toBe(true);
  });

  test('no r or s of 0 or n (CVE-2022-21449)', async () => {
    const { n } = p256.Point.CURVE();
    const key = publicKeyOf(p256Pair.publicKey);
    const number = (value: bigint): Uint8Array => {
      const hex = value.toString(16);
      const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
      return integer((bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
    };
    for (const r of [0n, 1n, n, n + 1n])
      for (const s of [0n, 1n, n, n + 1n])
        expect(await verifier.verify(key, -7, data, sequence(number(r), number(s)))).toBe(false);
  });

  test('no signature under the identity of Ed25519', async () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31));
    const forged = new Uint8Array(64);
    forged[0] = 1;
    // okpKey refuses such a key before; the pure JavaScript does so by itself.
    const portable = createVerifier({ subtle: webcrypto.subtle, mode: 'portable' });
    expect(await portable.verify({ kty: 'OKP', crv: 'Ed25519', x: identity }, -8, data, forged)).toBe(false);
  });

  test('an ECDSA key of a certificate may be on another curve than a credential’s', async () => {
    const keys = ec('P-384');
    const signature = sign('sha256', data, keys.privateKey);
    expect(await verifier.verify(publicKeyOf(keys.publicKey), -7, data, signature)).toBe(true);
  });

  test('no unknown algorithm', async () => {
    const key = publicKeyOf(p256Pair.publicKey);
    expect(await verifier.verify(key, -999, data, sign('sha256', data, p256Pair.privateKey))).toBe(false);
  });

  test('no RSA signature whose padding is only nearly right', async () => {
    const key = publicKeyOf(rsa.publicKey);
    const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');
    const digest = Buffer.from(await verifier.digest('SHA-256', data));
    const info = Buffer.concat([digestInfo, digest]);
    const raw = (block: Uint8Array): Promise<boolean> => verifier.verify(key, -257, data, decryptRaw(block));
    const padding = (length: number): Buffer => Buffer.alloc(length, 0xff);
    const join = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
    const start = Buffer.of(0, 1);
    const zero = Buffer.of(0);
    const fill = 256 - 3 - info.length;
    expect(await raw(join(start, padding(fill), zero, info))).toBe(true);
    expect(await raw(join(start, padding(8), zero, info, Buffer.alloc(fill - 8)))).toBe(false);
    expect(await raw(join(Buffer.of(0, 2), padding(fill), zero, info))).toBe(false);
    expect(await raw(join(start, padding(fill - 1), Buffer.of(0xfe), zero, info))).toBe(false);
    expect(await raw(join(start, padding(fill + 2), zero, info.subarray(0, 17), info.subarray(19)))).toBe(false);
    expect(await raw(join(start, padding(fill + 19), zero, digest))).toBe(false);
  });

  test('no PSS signature whose encoding is only nearly right', async () => {
    const key = publicKeyOf(rsa.publicKey);
    const encode = (): Buffer =>
      publicEncrypt(
        { key: rsa.publicKey, padding: constants.RSA_NO_PADDING },
        sign('sha256', data, { key: rsa.privateKey, ...pss }),
      );
    // With another salt until the unused bit can be set and the number still fits the modulus.
    let encoded = encode();
    const top = key.kty === 'RSA' ? (key.n[0] ?? 0) : 0;
    while ((encoded[0] ?? 0) + 0x80 >= top) encoded = encode();
    const changed = (at: number, mask: number): Promise<boolean> =>
      verifier.verify(
        key,
        -37,
        data,
        decryptRaw(Uint8Array.from(encoded, (byte, i) => (i === at ? byte ^ mask : byte))),
      );
    expect(await changed(0, 0)).toBe(true);
    expect(await changed(255, 1)).toBe(false); // the trailer
    expect(await changed(10, 1)).toBe(false); // the padding
    expect(await changed(200, 1)).toBe(false); // the salt
    expect(await changed(0, 0x80)).toBe(false); // the unused bit
  });

  test('PSS under a modulus of 8 n + 1 bits, whose encoding is a byte shorter', async () => {
    const { publicKey, privateKey } = oddRsa;
    const signature = sign('sha256', data, { key: privateKey, ...pss });
    expect(await verifier.verify(publicKeyOf(publicKey), -37, data, signature)).toBe(true);
    const wrong = Uint8Array.from(signature, (byte, i) => (i === 128 ? byte ^ 1 : byte));
    expect(await verifier.verify(publicKeyOf(publicKey), -37, data, wrong)).toBe(false);
  });

  test('hashes', async () => {
    const hex = async (name: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512') =>
      Buffer.from(await verifier.digest(name, new TextEncoder().encode('abc'))).toString('hex');
    expect(await hex('SHA-1')).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
    expect(await hex('SHA-256')).toMatch(/^ba7816bf8f01cfea/);
    expect(await hex('SHA-384')).toMatch(/^cb00753f45a35e8b/);
    expect(await hex('SHA-512')).toMatch(/^ddaf35a193617aba/);
  });
});

/** The RSA private operation without padding. */
function decryptRaw(block: Uint8Array): Uint8Array {
  return privateDecrypt({ key: rsa.privateKey, padding: constants.RSA_NO_PADDING }, block);
}

test('the self-check learns which backend verifies what', async () => {
  const auto = await algorithmBackends({ subtle: withoutEd25519, mode: 'auto' });
  expect(auto).toMatchObject({ ES256: 'webcrypto', RS256: 'webcrypto', EdDSA: 'portable', ES256K: 'portable' });
  const portable = await algorithmBackends({ subtle: webcrypto.subtle, mode: 'portable' });
  expect(new Set(Object.values(portable))).toEqual(new Set(['portable']));
});
