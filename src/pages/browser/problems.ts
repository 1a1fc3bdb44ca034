/** Words for answers that are no success, and when to try again. */

import { ceremony } from '../en.ts';
import { Problem } from './api.ts';
import { byId, clear, fail, say, type Words } from './dom.ts';

const stepSeconds = 15;

/** Counts down in the alert, in steps long enough for screen readers, while the alert still says this. */
function countDown(seconds: number, words: (seconds: number) => string, then: () => void): void {
  const sentence = byId('alert-text');
  const tick = (left: number) => {
    if (!sentence.isConnected) return;
    if (left <= 0) {
      then();
      return;
    }
    sentence.textContent = words(left);
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
    fail({ title: ceremony.tooManyTitle, text: ceremony.tooMany(retryAfter), ref });
    countDown(retryAfter, ceremony.tooMany, () => {
      clear();
      say(ceremony.tooManyOver);
    });
  } else if (status >= 500) {
    fail({ title: ceremony.awayTitle, text: ceremony.away(retryAfter), ref });
    countDown(retryAfter, ceremony.away, again);
  } else {
    fail({ title: error.message || ceremony.brokenTitle, text: ceremony.broken, ref });
  }
}
