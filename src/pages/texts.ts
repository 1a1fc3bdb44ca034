/** The table of words that people read, in one language: English is built in, every other is a file of the same form. */

import type { ErrorCode } from '../errors.ts';
import * as en from './en.ts';
import { errorKinds, errors } from './en-errors.ts';
import { refusals } from './en-refusals.ts';
import { places } from './sentence.ts';

const words = {
  common: en.common,
  ceremony: en.ceremony,
  login: en.login,
  stepUp: en.stepUp,
  loginScript: en.loginScript,
  enrol: en.enrol,
  creation: en.creation,
  account: en.account,
  accountScript: en.accountScript,
  signedOut: en.signedOut,
  errorPage: en.errorPage,
  rules: en.rules,
  errorScript: en.errorScript,
  refusals,
  errors,
};

export type Words = {
  readonly [Section in keyof typeof words]: { readonly [Key in keyof (typeof words)[Section]]: string };
};

export type Direction = 'ltr' | 'rtl';

export interface Texts extends Words {
  /** Language tag (BCP 47), for `lang` and for dates. */
  readonly language: string;
  readonly direction: Direction;
}

/** What a page hands to its script: those sections that the script says something of. */
export type Section = keyof Words;

export const english: Texts = { language: 'en', direction: 'ltr', ...words };

export const sections = Object.keys(words) as readonly Section[];

export interface ErrorWords {
  readonly title: string;
  readonly text: string;
}

export function errorWords(texts: Texts, code: ErrorCode): ErrorWords {
  const kind = errorKinds[code];
  const said: Readonly<Record<string, string>> = { ...texts.errors, ...texts.refusals };
  return { title: said[`${kind}Title`] ?? '', text: said[kind] ?? '' };
}

/** Whether a text may stand for the English one: words, and the same places in them. */
export function isTranslation(text: unknown, of: string): text is string {
  return typeof text === 'string' && text.trim() !== '' && places(text).join() === places(of).join();
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The table that a file's JSON holds, for a language. Whatever is not there or does not fit is that of `base`: a page
 * with some English words is better than none. `ngx-fido2 check` tells what does not fit.
 */
export function readTexts(json: string, language: string, base: Texts = english): Texts {
  let written: unknown;
  try {
    written = JSON.parse(json);
  } catch (_) {
    return base;
  }
  if (!isTable(written)) return base;
  const read: Record<string, unknown> = { language, direction: written.direction === 'rtl' ? 'rtl' : 'ltr' };
  for (const section of sections) {
    const given = isTable(written[section]) ? written[section] : {};
    read[section] = Object.fromEntries(
      Object.entries(base[section]).map(([key, text]) => {
        const own = Object.hasOwn(given, key) ? given[key] : undefined;
        return [key, isTranslation(own, text) ? own : text];
      }),
    );
  }
  return { ...base, ...read };
}
