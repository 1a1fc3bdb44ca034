import type { AttestationFormat } from './format.ts';
import { verifyNone } from './none.ts';
import { verifyPacked } from './packed.ts';

/** The only list of attestation statement formats, by their identifiers (Level 3, section 8). */
export const attestationFormats: ReadonlyMap<string, AttestationFormat> = new Map([
  ['none', verifyNone],
  ['packed', verifyPacked],
]);
