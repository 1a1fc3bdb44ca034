import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { accentContrast, accentShades, nearestAccent } from '../../src/policy/accent.ts';
import { parseSettings, SettingsError } from '../../src/policy/settings.ts';

const colour = fc.integer({ min: 0, max: 0xff_ff_ff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

/** WCAG's formula once more, written from its text. */
function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [one, other]
    .map((hex) => {
      const [r = 0, g = 0, b = 0] = [1, 3, 5]
        .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    })
    .sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

it('measures as WCAG does, with the label and the page', () => {
  expect(accentContrast('#000000')).toBeCloseTo(contrast('#000000', '#f6f7f5'), 10);
  expect(accentContrast('#777777')).toBeCloseTo(contrast('#777777', '#f6f7f5'), 10);
});

it('names a shade that passes, and the colour itself where that does', () => {
  fc.assert(
    fc.property(colour, (hex) => {
      const nearest = nearestAccent(hex);
      expect(accentContrast(nearest)).toBeGreaterThanOrEqual(4.5);
      if (accentContrast(hex) >= 4.5) expect(nearest).toBe(hex);
    }),
  );
});

it('derives shades on which every text is readable, in both schemes', () => {
  fc.assert(
    fc.property(colour.map(nearestAccent), (accent) => {
      const { light, dark } = accentShades(accent);
      for (const [shades, grounds] of [
        [light, ['#ffffff', '#f6f7f5']],
        [dark, ['#181d1a', '#101412']],
      ] as const) {
        for (const ground of [...grounds, shades.onAccent, shades.soft]) {
          expect(contrast(shades.accent, ground)).toBeGreaterThanOrEqual(4.5);
        }
        expect(contrast(shades.hover, shades.onAccent)).toBeGreaterThanOrEqual(4.5);
      }
    }),
  );
});

it('a refusal tells the figure and the nearest shade', () => {
  const settings = { rp: { origins: ['https://a.example'] }, policies: {}, pages: { accent: '#2aa198' } };
  let message = '';
  try {
    parseSettings(JSON.stringify(settings));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    message = `${error.findings[0]?.message} ${error.findings[0]?.hint}`;
  }
  expect(message).toContain(`${(Math.floor(accentContrast('#2aa198') * 100) / 100).toFixed(2)}:1`);
  expect(message).toContain(nearestAccent('#2aa198'));
});
