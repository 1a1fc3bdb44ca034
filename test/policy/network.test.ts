import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWithin, parseNetwork } from '../../src/policy/network.ts';

function within(address: string, text: string): boolean {
  const network = parseNetwork(text);
  if (network === null) throw new Error(`${text} is no block`);
  return isWithin(address, network);
}

test.each([
  ['10.1.2.3', '10.0.0.0/8', true],
  ['11.0.0.0', '10.0.0.0/8', false],
  ['192.0.2.7', '192.0.2.7', true],
  ['192.0.2.8', '192.0.2.7', false],
  ['192.0.2.130', '192.0.2.128/25', true],
  ['192.0.2.127', '192.0.2.128/25', false],
  ['203.0.113.9', '0.0.0.0/0', true],
  ['::ffff:10.1.2.3', '10.0.0.0/8', true],
  ['10.1.2.3', '::ffff:10.0.0.0/104', true],
  ['2001:db8::1', '2001:db8::/32', true],
  ['2001:db9::1', '2001:db8::/32', false],
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1', true],
  ['::1', '::1/128', true],
  ['::2', '::1', false],
  ['1::', '1:0:0:0:0:0:0:0', true],
  ['2001:db8::1', '::/0', true],
  // each block is of one family
  ['10.1.2.3', '::/0', false],
  ['2001:db8::1', '0.0.0.0/0', false],
  // no address at all
  ['unix:', '0.0.0.0/0', false],
  ['unix:', '::/0', false],
  ['', '0.0.0.0/0', false],
  ['10.1.2', '10.0.0.0/8', false],
  ['10.1.2.256', '10.0.0.0/8', false],
])('%s within %s: %s', (address, block, held) => {
  expect(within(address, block)).toBe(held);
});

test.each([
  '10.0.0.1/8',
  '10.0.0.0/33',
  '2001:db8::/129',
  '2001:db8::1/32',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0',
  '256.0.0.0/8',
  '::1::',
  ':1',
  '1:',
  ':::',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  '1.2.3.4:1::',
  '12345::',
  'localhost',
  '',
])('%j is no block', (text) => {
  expect(parseNetwork(text)).toBeNull();
});

test('for every IPv4 block: exactly the addresses that share its prefix', () => {
  const dotted = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(word, word, fc.integer({ min: 0, max: 32 }), (base, near, bits) => {
      const size = 2 ** (32 - bits);
      const start = Math.floor(base / size) * size;
      // half of the time an address nearby, or none would ever be within a small block
      const address = near % 2 === 0 ? near : Math.min(start + (near % (2 * size)), 0xffffffff);
      expect(within(dotted(address), `${dotted(start)}/${bits}`)).toBe(address >= start && address < start + size);
    }),
  );
});
