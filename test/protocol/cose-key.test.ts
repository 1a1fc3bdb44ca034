import { generateKeyPairSync } from 'node:crypto';
import { ed448 } from '@noble/curves/ed448.js';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { algorithms } from '../../src/protocol/algorithms.ts';
import { parseCoseKey, toPublicKey } from '../../src/protocol/cose-key.ts';
import { edwardsCurves, isStrongEdwardsPoint, weierstrassCurves } from '../../src/protocol/curves.ts';
import type { PublicKey } from '../../src/protocol/public-key.ts';
import { type CborMap, type CborValue, encodeCbor } from '../helpers/cbor.ts';
import { coseAlgorithms, coseKeyOf } from '../helpers/credential-keys.ts';
import { fromHex } from '../helpers/vectors.ts';
import { codedErrorOrValue } from './properties.ts';

const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ES512: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};
const names = Object.keys(pairs) as (keyof typeof pairs)[];
type Name = keyof typeof pairs;
const keyOf = (name: Name): CborMap => coseKeyOf(pairs[name].publicKey, name);
const read = (key: CborMap): PublicKey => toPublicKey(parseCoseKey(encodeCbor(key)));
const change = (name: Name, ...entries: [number, CborValue][]): CborMap => new Map([...keyOf(name), ...entries]);
const lattice: CborMap = new Map<CborValue, CborValue>([
  [1, 7],
  [3, -48],
  [-1, new Uint8Array(1312)],
]);
const invalid = expect.objectContaining({ code: 'public_key_invalid' });

test.each(names)('%s keys are read', (name) => {
  expect(parseCoseKey(encodeCbor(keyOf(name))).algorithm).toBe(coseAlgorithms[name]);
  expect(read(keyOf(name)).kty).toBe({ ES256: 'EC', ES384: 'EC', ES512: 'EC', EdDSA: 'OKP', RS256: 'RSA' }[name]);
});

describe('an algorithm is bound to its type and curve (section 5.8.5)', () => {
  const others = names.flatMap((name) =>
    names.filter((other) => other !== name).map((other) => [name, other] as const),
  );
  test.each(others)('a key for %s does not pass as %s', (name, other) => {
    expect(() => read(change(name, [3, coseAlgorithms[other]]))).toThrow(invalid);
  });
});

test('ML-DSA keys are read', () => {
  expect(read(lattice)).toMatchObject({ kty: 'AKP', set: 'ML-DSA-44' });
});

describe('refuses', () => {
  const rsa = pairs.RS256.publicKey.export({ format: 'jwk' });
  const n = Buffer.from(rsa.n ?? '', 'base64url');
  const modulus = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => (i === 0 ? 0x80 : 1));
  const short = modulus(256);
  short[0] = 0x7f;
  const { x, y } = pairs.ES256.publicKey.export({ format: 'jwk' });
  const { x: edwards } = pairs.EdDSA.publicKey.export({ format: 'jwk' });
  const longer = (name: 'x' | 'y' | 'edwards', where: 'front' | 'back'): Uint8Array => {
    const bytes = Buffer.from({ x, y, edwards }[name] ?? '', 'base64url');
    return Buffer.concat(where === 'front' ? [Buffer.of(0), bytes] : [bytes, Buffer.of(0)]);
  };
  test.each<[string, CborMap]>([
    ['a compressed point', change('ES256', [-3, true])],
    ['a point off the curve', change('ES256', [-2, new Uint8Array(32).fill(2)])],
    ['the point at infinity', change('ES256', [-2, new Uint8Array(32)], [-3, new Uint8Array(32)])],
    ['a coordinate of 31 bytes', change('ES256', [-2, new Uint8Array(31)])],
    ['coordinates with a leading zero', change('ES256', [-2, longer('x', 'front')], [-3, longer('y', 'front')])],
    ['an Ed25519 key with a zero behind', change('EdDSA', [-2, longer('edwards', 'back')])],
    ['a coordinate past the field', change('ES256', [-2, new Uint8Array(32).fill(0xff)])],
    ['no y', new Map([...keyOf('ES256')].filter(([label]) => label !== -3))],
    ['a coordinate that is text', change('ES256', [-2, 'x'.repeat(32)])],
    ['a key identifier', change('ES256', [2, new Uint8Array(1)])],
    ['a key identifier of an RSA key', change('RS256', [2, new Uint8Array(1)])],
    ['a key identifier of an Ed25519 key', change('EdDSA', [2, new Uint8Array(1)])],
    ['key operations', change('ES256', [4, [2]])],
    ['a private part', change('ES256', [-4, new Uint8Array(32)])],
    ['an unknown algorithm', change('ES256', [3, -999])],
    ['an Ed25519 key of 33 bytes', change('EdDSA', [-2, new Uint8Array(33)])],
    ['an Ed25519 y past the field', change('EdDSA', [-2, new Uint8Array(32).fill(0xff)])],
    ['an Ed25519 y without an x', change('EdDSA', [-2, Uint8Array.of(2, ...new Uint8Array(31))])],
    ['X25519', change('EdDSA', [-1, 4])],
    ['an RSA modulus of 2047 bits', change('RS256', [-1, short])],
    ['an RSA modulus of 1024 bits', change('RS256', [-1, modulus(128)])],
    ['an RSA modulus of 4104 bits', change('RS256', [-1, modulus(513)])],
    [
      'an even RSA modulus',
      change('RS256', [-1, Uint8Array.from(n, (byte, i) => (i === n.length - 1 ? byte & 0xfe : byte))]),
    ],
    ['an RSA modulus with a leading zero', change('RS256', [-1, Uint8Array.of(0, ...n)])],
    ['the RSA exponent 1', change('RS256', [-2, Uint8Array.of(1)])],
    ['an even RSA exponent', change('RS256', [-2, Uint8Array.of(1, 0, 0)])],
    ['an RSA exponent of 33 bits', change('RS256', [-2, Uint8Array.of(1, 0, 0, 0, 1)])],
    ['no RSA exponent', change('RS256', [-2, new Uint8Array(0)])],
  ])('%s', (_, key) => {
    expect(() => read(key)).toThrow(invalid);
  });
  test.each<[string, CborMap]>([
    ['another type', new Map<CborValue, CborValue>([...lattice, [1, 2]])],
    ['the key of another parameter set', new Map<CborValue, CborValue>([...lattice, [3, -49]])],
    ['a key one byte short', new Map<CborValue, CborValue>([...lattice, [-1, new Uint8Array(1311)]])],
    ['a private part', new Map<CborValue, CborValue>([...lattice, [-2, new Uint8Array(32)]])],
    ['no key', new Map([...lattice].filter(([label]) => label !== -1))],
    ['ES256 for a key of ML-DSA', new Map<CborValue, CborValue>([...lattice, [3, -7]])],
  ])('ML-DSA with %s', (_, key) => {
    expect(() => read(key)).toThrow(invalid);
  });
  test('a key without alg', () => {
    const key = new Map([...keyOf('ES256')].filter(([label]) => label !== 3));
    expect(() => parseCoseKey(encodeCbor(key))).toThrow(invalid);
  });
  test('an RSA modulus of 4096 bits not', () => expect(read(change('RS256', [-1, modulus(512)])).kty).toBe('RSA'));
});

describe('curves', () => {
  test.each([
    ['P-256', p256],
    ['P-384', p384],
    ['P-521', p521],
    ['secp256k1', secp256k1],
  ] as const)('%s has the parameters that noble has', (name, curve) => {
    const { p, a, b } = curve.Point.CURVE();
    const ours = weierstrassCurves[name];
    expect([ours.p, (ours.a + p) % p, ours.b]).toEqual([p, a, b]);
  });
  test.each([
    ['Ed25519', ed25519],
    ['Ed448', ed448],
  ] as const)('%s has the parameters that noble has, and tells points as noble does', (name, curve) => {
    const { p, a, d } = curve.Point.CURVE();
    const ours = edwardsCurves[name];
    expect([ours.p, (ours.a + p) % p, (ours.d + p) % p]).toEqual([p, a, d]);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: ours.size, maxLength: ours.size }), (bytes) => {
        if (name === 'Ed448') bytes[56] = (bytes[56] ?? 0) & 0x80;
        expect(isStrongEdwardsPoint(name, bytes)).toBe(isPoint(curve, bytes));
      }),
      { numRuns: 60 },
    );
  });
  test.each(ED25519_TORSION_SUBGROUP.map((hex) => [hex]))('the point %s of small order is refused', (hex) => {
    expect(isStrongEdwardsPoint('Ed25519', fromHex(hex))).toBe(false);
  });
});

function isPoint(curve: typeof ed25519 | typeof ed448, bytes: Uint8Array): boolean {
  try {
    return !curve.Point.fromBytes(bytes).isSmallOrder();
  } catch (_) {
    return false;
  }
}

test('a key with one byte changed is refused, another key, or one for another algorithm', () => {
  const whole = (bytes: Uint8Array): [number, PublicKey] => {
    const coseKey = parseCoseKey(bytes);
    return [coseKey.algorithm, toPublicKey(coseKey)];
  };
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(), fc.integer({ min: 1, max: 255 }), (name, position, mask) => {
      const bytes = encodeCbor(keyOf(name));
      const at = position % bytes.length;
      const changed = codedErrorOrValue(() =>
        whole(Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ mask : byte))),
      );
      if (changed !== undefined) expect(changed).not.toEqual(whole(bytes));
    }),
    { numRuns: 500 },
  );
});

test('no identifier or name stands twice in the table of algorithms', () => {
  expect(new Set(algorithms.map(({ id }) => id)).size).toBe(algorithms.length);
  expect(new Set(algorithms.map(({ name }) => name)).size).toBe(algorithms.length);
});
