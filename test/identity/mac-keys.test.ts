import { beforeEach, expect, test } from 'vitest';
import { toBase64url, utf8 } from '../../src/bytes.ts';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { type MacKey, mac, verifyMac } from '../../src/crypto/mac.ts';
import { deriveMacKeys, ensureMacRing, readMacRing, rotateMacRing } from '../../src/identity/mac-keys.ts';
import { macRing } from './mac-ring.ts';
import { type TestPorts, testPorts } from './ports.ts';

let ports: TestPorts;
beforeEach(() => {
  ports = testPorts();
});

test('the ring is made once and read afterwards', async () => {
  expect(await readMacRing(ports.store)).toBeNull();
  const made = await Promise.all([ensureMacRing(ports), ensureMacRing(ports), ensureMacRing(ports)]);
  expect(new Set(made.map(({ value }) => value.keys[0]?.secret)).size).toBe(1);
  expect(made[0]?.value.keys[0]?.secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test('an unreadable store makes no new ring', async () => {
  const broken = { ...ports.store, get: () => Promise.reject(new Error('EIO')) };
  await expect(ensureMacRing({ ...ports, store: broken })).rejects.toThrow('EIO');
  expect(await readMacRing(ports.store)).toBeNull();
});

test('a rotation keeps the key before it, and only that', async () => {
  const first = (await ensureMacRing(ports)).value.keys[0]?.id;
  const second = (await rotateMacRing(ports, { now: false })).keys.map(({ id }) => id);
  expect(second).toHaveLength(2);
  expect(second[1]).toBe(first);
  const third = (await rotateMacRing(ports, { now: false })).keys.map(({ id }) => id);
  expect(third).toEqual([third[0], second[0]]);
});

test('a rotation at once drops every key before it', async () => {
  await ensureMacRing(ports);
  await rotateMacRing(ports, { now: false });
  expect((await rotateMacRing(ports, { now: true })).keys).toHaveLength(1);
});

test('what is made for one use does not hold for another', async () => {
  const ring = macRing(1);
  const keys = await deriveMacKeys(nodeSubtle, ring);
  const need = (label: 'cookie' | 'challenge'): MacKey => {
    const key = keys.find(label, keys.current);
    if (key === null) throw new Error(label);
    return key;
  };
  const bytes = utf8('the same bytes');
  const tag = await mac(need('cookie'), bytes);
  expect(await verifyMac(need('cookie'), bytes, tag)).toBe(true);
  expect(await verifyMac(need('challenge'), bytes, tag)).toBe(false);
  expect(toBase64url(tag)).not.toBe(toBase64url(await mac(need('challenge'), bytes)));
});

test.each([
  ['empty', { v: 1 as const, keys: [] }],
  ['of a short secret', { v: 1 as const, keys: [{ id: 'abcd', secret: 'AAAA', created: 0 }] }],
  ['of a secret that is not base64url', { v: 1 as const, keys: [{ id: 'abcd', secret: '%', created: 0 }] }],
])('a ring that is %s is unfit', async (_, ring) => {
  await expect(deriveMacKeys(nodeSubtle, ring)).rejects.toMatchObject({ code: 'unfit' });
});
