import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { describe, expect, test } from 'vitest';
import { fromBase64url } from '../../src/bytes.ts';
import { verifyMlDsa } from '../../src/crypto/ml-dsa.ts';
import { algorithmBackends, createVerifier } from '../../src/crypto/verify.ts';
import { akpKey, type ModuleLatticeSet } from '../../src/protocol/public-key.ts';

const options = { subtle: webcrypto.subtle, mode: 'auto' } as const;
const verifier = createVerifier({ ...options, mlDsa: verifyMlDsa });
const data = new TextEncoder().encode('what is signed');

/** Keys and signatures that OpenSSL 4.0 made. */
const samples: Readonly<Record<string, { publicKey: string; signature: string }>> = JSON.parse(
  readFileSync(new URL('./ml-dsa.json', import.meta.url), 'utf8'),
);
const sets: readonly (readonly [ModuleLatticeSet, number])[] = [
  ['ML-DSA-44', -48],
  ['ML-DSA-65', -49],
  ['ML-DSA-87', -50],
];

function sampleOf(set: ModuleLatticeSet) {
  const bytes = (text: string | undefined): Uint8Array => fromBase64url(text ?? '') ?? new Uint8Array(0);
  return { key: akpKey(set, bytes(samples[set]?.publicKey)), signature: bytes(samples[set]?.signature) };
}

describe.each(sets)('%s', (set, id) => {
  const { key, signature } = sampleOf(set);

  test('verifies what OpenSSL signed and nothing else', async () => {
    expect(await verifier.verify(key, id, data, signature)).toBe(true);
    expect(await verifier.verify(key, id, data.subarray(1), signature)).toBe(false);
    const wrong = [
      Uint8Array.from(signature, (byte, i) => (i === 40 ? byte ^ 1 : byte)),
      Uint8Array.from(signature, (byte, i) => (i === signature.length - 1 ? byte ^ 1 : byte)),
      signature.subarray(1),
      new Uint8Array([...signature, 0]),
      new Uint8Array(signature.length),
      new Uint8Array(signature.length).fill(0xff),
      new Uint8Array(0),
    ];
    for (const one of wrong) expect(await verifier.verify(key, id, data, one)).toBe(false);
  });

  test('no other algorithm takes its key', async () => {
    for (const other of [-7, -8, -257, -48, -49, -50].filter((one) => one !== id))
      expect(await verifier.verify(key, other, data, signature)).toBe(false);
  });

  test('nothing holds where it was not taken in', async () => {
    expect(await createVerifier(options).verify(key, id, data, signature)).toBe(false);
  });

  test('a key of another length is refused', () => {
    const invalid = expect.objectContaining({ code: 'public_key_invalid' });
    expect(() => akpKey(set, key.pub.subarray(1))).toThrow(invalid);
    expect(() => akpKey(set, new Uint8Array([...key.pub, 0]))).toThrow(invalid);
  });
});

test('a signature for a context does not hold', async () => {
  const { publicKey, secretKey } = ml_dsa44.keygen();
  const key = akpKey('ML-DSA-44', publicKey);
  expect(await verifier.verify(key, -48, data, ml_dsa44.sign(data, secretKey))).toBe(true);
  const other = ml_dsa44.sign(data, secretKey, { context: new TextEncoder().encode('context') });
  expect(await verifier.verify(key, -48, data, other)).toBe(false);
});

test('the self-check names it only where it was taken in', async () => {
  expect(await algorithmBackends(options)).not.toHaveProperty('ML-DSA-44');
  expect(await algorithmBackends({ ...options, mlDsa: verifyMlDsa })).toMatchObject({ 'ML-DSA-87': 'portable' });
});
