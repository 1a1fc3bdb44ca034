import * as v from 'valibot';
import { fromBase64url } from '../bytes.ts';

/** Bytes in base64url without padding, as all JSON of Level 3 has them. */
export const bytesInBase64url = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const decoded = fromBase64url(dataset.value);
    if (decoded !== null) return decoded;
    addIssue({ message: 'not base64url without padding' });
    return NEVER;
  }),
);
