/** Times as people say them, in the language of the page. */

import { element } from './dom.ts';
import { texts } from './page-data.ts';

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** "12 minutes ago" */
export function relative(date: Date): string {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const format = new Intl.RelativeTimeFormat(texts.language, { numeric: 'auto' });
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return format.format(Math.round(seconds / size), unit);
  }
  return format.format(0, 'second');
}

/** A moment, in milliseconds since 1970, as "yesterday" or as its date; the exact time stands in the title. */
export function moment(time: number, style: 'relative' | 'date'): HTMLElement {
  const date = new Date(time);
  const day = new Intl.DateTimeFormat(texts.language, { dateStyle: 'medium' }).format(date);
  const full = new Intl.DateTimeFormat(texts.language, { dateStyle: 'full', timeStyle: 'short' }).format(date);
  return element('time', { datetime: date.toISOString(), title: full }, style === 'date' ? day : relative(date));
}

/** A moment, in milliseconds since 1970, as its date and time, where the person is. */
export function dateAndTime(time: number): string {
  return new Intl.DateTimeFormat(texts.language, { dateStyle: 'long', timeStyle: 'short' }).format(time);
}
