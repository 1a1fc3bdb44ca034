/** Words for every code of refusal, as error pages show them. */

import type { ErrorCode } from '../errors.ts';
import { type ErrorWords, refusalWords } from './en-refusals.ts';

const outOfOrder: ErrorWords = {
  title: 'Sign-in is out of order',
  text: 'Your passkeys are fine. Try again in a minute.',
};
const unreadable: ErrorWords = {
  title: 'This request could not be read',
  text: 'Go back, reload the page and try again.',
};
const noAccess: ErrorWords = {
  title: 'You don’t have access to this page',
  text: 'Your account is not among those that may open it.',
};
const signInAgain: ErrorWords = { title: 'Your session has ended', text: 'Sign in again to go on.' };

export const errorWords = {
  ...refusalWords,
  malformed: unreadable,
  not_found: { title: 'There is nothing here', text: 'The address may be mistyped or out of date.' },
  method_not_allowed: unreadable,
  too_large: { title: 'This request is too large', text: 'Send less at once.' },
  unsupported_media_type: unreadable,
  too_many_requests: { title: 'Too many attempts', text: 'Wait a minute, then try again.' },
  cross_origin: { title: 'This request came from another site', text: 'Open the page you want by its own address.' },
  session_required: { title: 'Sign in to go on', text: 'This page is for people who are signed in.' },
  session_expired: signInAgain,
  step_up_required: { title: 'Confirm it’s you', text: 'This page needs a fresh confirmation.' },
  not_allowed: noAccess,
  policy_unknown: noAccess,
  forbidden: { title: 'Access is not allowed', text: 'This address is not open from here.' },
  invite_invalid: {
    title: 'This link no longer works',
    text: 'Enrolment links work once and for a short time. Ask for a new one.',
  },
  token_invalid: signInAgain,
  token_expired: signInAgain,
  token_too_large: {
    title: 'Your account is in too many groups',
    text: 'Ask your administrator to take it out of some.',
  },
  name_taken: { title: 'This name is taken', text: 'Choose another one.' },
  recover_required: { title: 'This person has a passkey already', text: 'A recovery link would replace it.' },
  unfit: outOfOrder,
  store_unavailable: {
    title: 'Sign-in is not available right now',
    text: 'Your passkeys are fine. Try again in a minute.',
  },
  overloaded: { title: 'Sign-in is busy', text: 'Your passkeys are fine. Try again in a minute.' },
  error: outOfOrder,
} as const satisfies Record<ErrorCode, ErrorWords>;
