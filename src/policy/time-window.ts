/** Hours of a day on certain days: "Mon-Fri 08:00-18:00 +01:00". All numbers are minutes. */
export interface TimeWindow {
  readonly text: string;
  /** Weekday of its first day, Sunday is 0, and how many days follow it. */
  readonly firstDay: number;
  readonly furtherDays: number;
  readonly from: number;
  /** Exclusive; 1440 is midnight. */
  readonly to: number;
  /** East of UTC. */
  readonly offset: number;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const day = `(${days.join('|')})`;
const time = '([01][0-9]|2[0-3]):([0-5][0-9])';
export const timeWindowForm = new RegExp(
  `^${day}(-${day})? ${time}-(${time}|24:00) (Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$`,
);

const minute = 60_000;
const dayLength = 1440;

/** Null for what is not of the form, and for a window that ends before it begins: past midnight is two windows. */
export function parseTimeWindow(text: string): TimeWindow | null {
  if (!timeWindowForm.test(text)) return null;
  const [range = '', hours = '', zone = ''] = text.split(' ');
  const [first = '', last = first] = range.split('-');
  const [from = '', to = ''] = hours.split('-');
  const firstDay = days.indexOf(first);
  const window = {
    text,
    firstDay,
    furtherDays: (days.indexOf(last) - firstDay + 7) % 7,
    from: minutesOf(from),
    to: minutesOf(to),
    offset: zone === 'Z' ? 0 : minutesOf(zone.slice(1)) * (zone.startsWith('-') ? -1 : 1),
  };
  return window.from < window.to ? window : null;
}

/** When the window that is open at `now` closes, both milliseconds since 1970; null where it is closed. */
export function closingTime({ firstDay, furtherDays, from, to, offset }: TimeWindow, now: number): number | null {
  const local = now / minute + offset;
  const date = Math.floor(local / dayLength);
  const ofDay = local - date * dayLength;
  // 1 January 1970 was a Thursday
  const isDay = (date + 4 - firstDay + 7) % 7 <= furtherDays;
  return isDay && ofDay >= from && ofDay < to ? (date * dayLength + to - offset) * minute : null;
}

function minutesOf(text: string): number {
  return Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
}
