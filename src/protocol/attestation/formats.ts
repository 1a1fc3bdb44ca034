import { verifyAndroidKey } from './android-key.ts';
import { verifyAndroidSafetynet } from './android-safetynet.ts';
import { verifyApple } from './apple.ts';
import { compoundOf } from './compound.ts';
import { verifyFidoU2f } from './fido-u2f.ts';
import type { AttestationFormats, SingleFormats } from './format.ts';
import { verifyNone } from './none.ts';
import { verifyPacked } from './packed.ts';
import { verifyTpm } from './tpm.ts';

const single: SingleFormats = new Map([
  ['none', verifyNone],
  ['packed', verifyPacked],
  ['tpm', verifyTpm],
  ['android-key', verifyAndroidKey],
  ['apple', verifyApple],
  ['fido-u2f', verifyFidoU2f],
]);

/** Every attestation statement format that authenticators still make. */
export const attestationFormats: AttestationFormats = new Map([...single, ['compound', compoundOf(single)]]);

const singleOfAllTimes: SingleFormats = new Map([...single, ['android-safetynet', verifyAndroidSafetynet]]);

/** With android-safetynet, whose service is closed, too: for ceremonies that were recorded. */
export const formatsOfAllTimes: AttestationFormats = new Map([
  ...singleOfAllTimes,
  ['compound', compoundOf(singleOfAllTimes)],
]);

/** The formats of these names; within compound, if it is among them, the others. */
export function selectFormats(names: readonly string[]): AttestationFormats {
  const chosen: SingleFormats = new Map([...singleOfAllTimes].filter(([name]) => names.includes(name)));
  return names.includes('compound') ? new Map([...chosen, ['compound', compoundOf(chosen)]]) : chosen;
}
