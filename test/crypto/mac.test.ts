import { createHmac, hkdfSync, webcrypto } from 'node:crypto';
import { expect, test } from 'vitest';
import { deriveMacKey, mac, verifyMac } from '../../src/crypto/mac.ts';

const secret = new Uint8Array(32).fill(7);
const text = new TextEncoder().encode('value');

test('the tag is HMAC-SHA256 under HKDF-SHA256 of the secret with the label as info', async () => {
  const tag = await mac(await deriveMacKey(webcrypto.subtle, secret, 'cookie'), text);
  const derived = Buffer.from(hkdfSync('sha256', secret, new Uint8Array(0), 'cookie', 32));
  expect(Buffer.from(tag).toString('hex')).toBe(createHmac('sha256', derived).update(text).digest('hex'));
});

test('a tag holds for its bytes, its label and its secret only', async () => {
  const key = await deriveMacKey(webcrypto.subtle, secret, 'cookie');
  const tag = await mac(key, text);
  expect(await verifyMac(key, text, tag)).toBe(true);
  expect(await verifyMac(key, new TextEncoder().encode('Value'), tag)).toBe(false);
  expect(await verifyMac(await deriveMacKey(webcrypto.subtle, secret, 'challenge'), text, tag)).toBe(false);
  expect(await verifyMac(await deriveMacKey(webcrypto.subtle, new Uint8Array(32), 'cookie'), text, tag)).toBe(false);
});

test('a tag of another length is refused', async () => {
  const key = await deriveMacKey(webcrypto.subtle, secret, 'cookie');
  const tag = await mac(key, text);
  expect(await verifyMac(key, text, tag.subarray(0, 31))).toBe(false);
  expect(await verifyMac(key, text, new Uint8Array([...tag, 0]))).toBe(false);
  expect(await verifyMac(key, text, new Uint8Array(0))).toBe(false);
});
