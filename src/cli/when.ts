import { parseDuration } from '../policy/duration.ts';
import { CommandError } from './command-error.ts';

const date = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$/;

/** Milliseconds since 1970 of `2027-01-31` (its first moment in UTC) or `2027-01-31T18:00+01:00`; null for any other text. */
export function parseMoment(text: string): number | null {
  const time = date.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? null : time;
}

/**
 * A moment in the future, milliseconds since 1970, of `8h` (from now), `2027-01-31` (its first moment in UTC) or
 * `2027-01-31T18:00+01:00`.
 */
export function parseWhen(text: string, now: number): number {
  const duration = parseDuration(text);
  const when = duration !== null ? now + duration : parseMoment(text);
  if (when === null) {
    throw new CommandError(`"${text}" is no time`, 'write 8h, 30d, 2027-01-31 or 2027-01-31T18:00Z', 2);
  }
  if (when <= now) throw new CommandError(`${text} is over`, 'write a time that is still to come', 2);
  return when;
}
