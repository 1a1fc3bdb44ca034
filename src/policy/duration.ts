/** Durations are written "30s", "5m", "8h", "30d" and used as milliseconds. */
export const durationForm = /^[1-9][0-9]{0,5}[smhd]$/;

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, or null for anything that is not of the form. */
export function parseDuration(text: string): number | null {
  const unit = units[text.slice(-1)];
  return durationForm.test(text) && unit !== undefined ? Number(text.slice(0, -1)) * unit : null;
}

/** In the largest unit that leaves no rest: 300000 is "5m". Seconds are the smallest. */
export function formatDuration(milliseconds: number): string {
  for (const unit of ['d', 'h', 'm']) {
    const size = units[unit] ?? 1;
    if (milliseconds >= size && milliseconds % size === 0) return `${milliseconds / size}${unit}`;
  }
  return `${Math.round(milliseconds / 1000)}s`;
}
