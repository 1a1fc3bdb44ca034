import { verifyAndroidKey } from './android-key.ts';
import { verifyApple } from './apple.ts';
import { coreFormats } from './core-formats.ts';
import { verifyFidoU2f } from './fido-u2f.ts';
import type { AttestationFormats } from './format.ts';
import { verifyTpm } from './tpm.ts';

/** Every attestation statement format there is. */
export const attestationFormats: AttestationFormats = new Map([
  ...coreFormats,
  ['tpm', verifyTpm],
  ['android-key', verifyAndroidKey],
  ['apple', verifyApple],
  ['fido-u2f', verifyFidoU2f],
]);
