/** A brand's colour as the pages use it: on buttons under a label, as the colour of links, and faintly behind icons. */

export interface Shades {
  readonly accent: string;
  readonly hover: string;
  readonly onAccent: string;
  readonly soft: string;
}

type Rgb = readonly [number, number, number];

const white: Rgb = [255, 255, 255];
const black: Rgb = [0, 0, 0];
/** What the pages' style sheet puts behind text, by scheme. */
const light = { page: '#f6f7f5', card: '#ffffff', label: '#ffffff' } as const;
const dark = { page: '#101412', card: '#181d1a', label: '#0c0f0d' } as const;

/** WCAG 2.2 success criterion 1.4.3. */
export const leastContrast = 4.5;
/** On dark ground the derived accent is held this far above the least, for text on its own soft shade. */
const darkContrast = 6;

/** Contrast of a written accent to the label on it and the page behind it, whichever is less. */
export function accentContrast(accent: string): number {
  return Math.min(contrast(rgb(accent), rgb(light.label)), contrast(rgb(accent), rgb(light.page)));
}

/** The accent itself, or the first darker shade whose contrast suffices. */
export function nearestAccent(accent: string): string {
  return mixUntil(accent, black, (shade) => accentContrast(shade) >= leastContrast);
}

/** The shades of an accent whose contrast suffices; in both schemes every pair that carries text reaches 4.5:1. */
export function accentShades(accent: string): { readonly light: Shades; readonly dark: Shades } {
  const bright = mixUntil(accent, white, (shade) => contrast(rgb(shade), rgb(dark.card)) >= darkContrast);
  return {
    light: { accent, hover: mix(accent, black, 20), onAccent: light.label, soft: softOf(accent, light.card, 12) },
    dark: { accent: bright, hover: mix(bright, white, 20), onAccent: dark.label, soft: softOf(bright, dark.card, 20) },
  };
}

/** As much of the accent as its own text on it allows, at most `most` percent. */
function softOf(accent: string, ground: string, most: number): string {
  for (let percent = most; percent > 0; percent--) {
    const soft = mix(ground, rgb(accent), percent);
    if (contrast(rgb(accent), rgb(soft)) >= leastContrast) return soft;
  }
  return ground;
}

function mixUntil(from: string, to: Rgb, suffices: (shade: string) => boolean): string {
  for (let percent = 0; percent < 100; percent++) {
    const shade = mix(from, to, percent);
    if (suffices(shade)) return shade;
  }
  return mix(from, to, 100);
}

function mix(from: string, to: Rgb, percent: number): string {
  const parts = rgb(from).map((value, index) => Math.round(value + (((to[index] ?? 0) - value) * percent) / 100));
  return `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 0xff, value & 0xff];
}

function contrast(one: Rgb, other: Rgb): number {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** WCAG 2.2, "relative luminance". */
function luminance([red, green, blue]: Rgb): number {
  const linear = (part: number) => (part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
}
