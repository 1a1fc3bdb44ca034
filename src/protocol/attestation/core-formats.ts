import type { AttestationFormats } from './format.ts';
import { verifyNone } from './none.ts';
import { verifyPacked } from './packed.ts';

/** The formats of passkeys and security keys: what the bundle for nginx holds. */
export const coreFormats: AttestationFormats = new Map([
  ['none', verifyNone],
  ['packed', verifyPacked],
]);
