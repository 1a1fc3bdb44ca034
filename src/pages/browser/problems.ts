/** Words for answers that are no success, and when to try again. */

import { fill } from '../sentence.ts';
import { fail, type Words } from './alert.ts';
import { Problem } from './api.ts';
import { byId, clear, say } from './dom.ts';
import { texts } from './page-data.ts';

const { ceremony } = texts;

const stepSeconds = 15;

/** Counts down in the alert, in steps long enough for screen readers, while the alert still says this. */
function countDown(seconds: number, text: string, then: () => void): void {
  const sentence = byId('alert-text');
  const tick = (left: number) => {
    if (!sentence.isConnected) return;
    if (left <= 0) {
      then();
      return;
    }
    sentence.textContent = fill(text, { seconds: left });
    const step = Math.min(stepSeconds, left);
    setTimeout(tick, step * 1000, left - step);
  };
  tick(seconds);
}

/** Tells a failed call. `again` runs when the server may be back; `others` are the page's words for certain codes. */
export function tellProblem(error: unknown, again: () => void, others: Readonly<Record<string, Words>> = {}): void {
  if (!(error instanceof Problem)) {
    fail({ title: ceremony.brokenTitle, text: ceremony.broken });
    return;
  }
  const { status, ref, retryAfter } = error;
  const words = Object.hasOwn(others, error.code) ? others[error.code] : undefined;
  if (words !== undefined) {
    fail({ ...words, ref });
  } else if (status === 0) {
    fail({ title: ceremony.offlineTitle, text: ceremony.offline });
  } else if (status === 429) {
    fail({ title: ceremony.tooManyTitle, text: fill(ceremony.tooMany, { seconds: retryAfter }), ref });
    countDown(retryAfter, ceremony.tooMany, () => {
      clear();
      say(ceremony.tooManyOver);
    });
  } else if (status >= 500) {
    fail({ title: ceremony.awayTitle, text: fill(ceremony.away, { seconds: retryAfter }), ref });
    countDown(retryAfter, ceremony.away, again);
  } else {
    fail({ title: error.message || ceremony.brokenTitle, text: ceremony.broken, ref });
  }
}
