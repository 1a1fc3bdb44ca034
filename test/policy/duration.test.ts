import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/policy/duration.ts';

test.each([
  ['30s', 30_000],
  ['5m', 300_000],
  ['8h', 28_800_000],
  ['30d', 2_592_000_000],
  ['999999d', 86_399_913_600_000],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  '',
  '0s',
  '05m',
  '5',
  'm',
  '5 m',
  ' 5m',
  '5m ',
  '5m\n',
  '-5m',
  '+5m',
  '1.5h',
  '1e3s',
  '5M',
  '5ms',
  '1000000s',
  '5mm',
  '٥m',
])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeNull();
});

test('any number of seconds up to 999999 minutes is written and read back', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom('s', 'm', 'h', 'd'), (count, unit) => {
      const milliseconds = parseDuration(`${count}${unit}`);
      expect(parseDuration(formatDuration(milliseconds ?? 0))).toBe(milliseconds);
    }),
  );
});
