import * as fc from 'fast-check';

/** Text made of what HTML gives a meaning to, mixed with any other. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom('<', '>', '"', "'", '&', '`', '\0', '</script>', '<!--', ']]>', '\u2028', '\u202e', '${', '-->'),
      fc.string({ unit: 'binary', maxLength: 8 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));
