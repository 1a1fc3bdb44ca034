import { refusalKinds } from '../en-refusals.ts';
import type { Words } from './alert.ts';
import { texts } from './page-data.ts';

/** What is said for the code of a guard that refused a passkey. */
export const refusalWords: Readonly<Record<string, Words>> = Object.fromEntries(
  Object.entries(refusalKinds).map(([code, kind]) => [
    code,
    { title: texts.refusals[`${kind}Title`], text: texts.refusals[kind] },
  ]),
);
