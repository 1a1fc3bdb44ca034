import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closingTime, parseTimeWindow } from '../../src/policy/time-window.ts';

function closes(text: string, now: string): string | null {
  const window = parseTimeWindow(text);
  if (window === null) throw new Error(`${text} is no window`);
  const end = closingTime(window, Date.parse(now));
  return end === null ? null : new Date(end).toISOString();
}

// 1 January 2024 was a Monday
test.each([
  ['Mon-Fri 08:00-18:00 Z', '2024-01-01T08:00:00Z', '2024-01-01T18:00:00.000Z'],
  ['Mon-Fri 08:00-18:00 Z', '2024-01-01T07:59:59.999Z', null],
  ['Mon-Fri 08:00-18:00 Z', '2024-01-01T17:59:59.999Z', '2024-01-01T18:00:00.000Z'],
  ['Mon-Fri 08:00-18:00 Z', '2024-01-01T18:00:00Z', null],
  ['Mon-Fri 08:00-18:00 Z', '2024-01-05T12:00:00Z', '2024-01-05T18:00:00.000Z'],
  ['Mon-Fri 08:00-18:00 Z', '2024-01-06T12:00:00Z', null],
  ['Mon-Fri 08:00-18:00 Z', '2023-12-31T12:00:00Z', null],
  ['Sat 00:00-24:00 Z', '2024-01-06T23:59:00Z', '2024-01-07T00:00:00.000Z'],
  ['Sat 00:00-24:00 Z', '2024-01-07T00:00:00Z', null],
  // past the end of a week
  ['Fri-Mon 10:00-11:00 Z', '2024-01-07T10:30:00Z', '2024-01-07T11:00:00.000Z'],
  ['Fri-Mon 10:00-11:00 Z', '2024-01-02T10:30:00Z', null],
  // the day is the one of the offset
  ['Mon 00:00-02:00 +05:30', '2023-12-31T18:30:00Z', '2023-12-31T20:30:00.000Z'],
  ['Mon 00:00-02:00 +05:30', '2023-12-31T18:29:59Z', null],
  ['Mon 22:00-24:00 -08:00', '2024-01-02T07:59:00Z', '2024-01-02T08:00:00.000Z'],
])('%s at %s closes at %s', (text, now, end) => {
  expect(closes(text, now)).toBe(end);
});

test.each([
  'Mon-Fri 18:00-08:00 Z',
  'Mon 08:00-08:00 Z',
  'Mon 24:00-24:00 Z',
  'Mon 08:00-24:01 Z',
  'Mon 8:00-18:00 Z',
  'Mon 08:00-18:00',
  'Mon 08:00-18:00 CET',
  'Mon 08:00-18:00 +15:00',
  'Mo 08:00-18:00 Z',
  '08:00-18:00 Z',
  'Mon-Fri 08:00-18:00 Z ',
])('%j is no window', (text) => {
  expect(parseTimeWindow(text)).toBeNull();
});

test('a window that is open stays so to the millisecond before it closes, and is closed then', () => {
  const window = parseTimeWindow('Tue-Sat 06:15-21:45 -03:30');
  if (window === null) throw new Error('no window');
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (now) => {
      const end = closingTime(window, now);
      if (end === null) return;
      expect(end).toBeGreaterThan(now);
      expect(closingTime(window, end - 1)).toBe(end);
      expect(closingTime(window, end)).toBeNull();
    }),
  );
});
