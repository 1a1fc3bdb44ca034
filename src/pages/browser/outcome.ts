import { post } from './api.ts';
import type { Failure } from './ceremony.ts';

const names: Readonly<Record<Failure, string>> = {
  // who gives up on the page has given up too
  ours: 'cancelled',
  cancelled: 'cancelled',
  timedOut: 'timed_out',
  blocked: 'blocked',
  elsewhere: 'elsewhere',
  exists: 'exists',
  wrongAddress: 'wrong_address',
  keyUnfit: 'key_unfit',
  tooOld: 'too_old',
  broken: 'broken',
};

/** Lets the site count how passkey windows end. Nothing on the page waits for it, or depends on it. */
export function noteOutcome(ceremony: 'get' | 'create', failure: Failure): void {
  post('/outcome', { ceremony, outcome: names[failure] }).catch(() => undefined);
}
