import * as v from 'valibot';
import { durationForm, parseDuration } from './duration.ts';

/** Milliseconds, written as "30s", "5m", "8h" or "30d". The description is the written form's, so it stands first. */
export function duration(description: string) {
  return v.pipe(
    v.string('expected a duration such as "30s"'),
    v.regex(durationForm, 'expected a duration such as "30s", "5m", "8h" or "30d"'),
    v.description(description),
    v.transform((written) => parseDuration(written) ?? 0),
  );
}

/** A text of the form that `parse` can read too; `parse` says null where it cannot. */
export function parsed<T>(form: RegExp, parse: (text: string) => T | null, expected: string) {
  return v.pipe(
    v.string(expected),
    v.regex(form, expected),
    v.rawTransform(({ dataset, addIssue, NEVER }): T => {
      const value = parse(dataset.value);
      if (value !== null) return value;
      addIssue({ message: expected });
      return NEVER;
    }),
  );
}

// No flag u, for a JSON Schema has no place for it.
const printable = /^[ -~\u00a0-\uffff]*$/;

/** Up to `longest` characters, at least one, none of them a control character. */
export function text(longest: number) {
  return v.pipe(
    v.string('expected a text'),
    v.minLength(1, 'the text is empty'),
    v.maxLength(longest, `expected at most ${longest} characters`),
    v.regex(printable, 'the text holds a control character'),
  );
}

export const groupName = v.pipe(
  v.string('expected the name of a group'),
  v.regex(/^[A-Za-z0-9._:@/-]{1,64}$/, 'a group is 1 to 64 of A-Z a-z 0-9 . _ : @ / -'),
);

/** No dot and no slash: the gate's memory is keyed by the path that ends in this name. */
export const segmentName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9_-]{0,63}$/, 'a name is 1 to 64 of a-z 0-9 _ -, a letter first'),
);
