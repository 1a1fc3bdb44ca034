/** Words for each guard of a ceremony that can refuse a passkey, for those who wanted to set one up or use it. */

import type { ErrorCode } from '../errors.ts';

export interface ErrorWords {
  readonly title: string;
  readonly text: string;
}

const notAccepted: ErrorWords = {
  title: 'This kind of passkey is not accepted here',
  text: 'Use a different device, password manager or security key.',
};
const notUnlocked: ErrorWords = {
  title: 'The passkey was not unlocked',
  text: 'Try again and confirm with your fingerprint, face or PIN.',
};
const wrongPlace: ErrorWords = {
  title: 'This is not the address of this site',
  text: 'Open the site by its own address, outside any frame, and try again.',
};
const tooLate: ErrorWords = { title: 'This page has been open for too long', text: 'Reload it and try again.' };
const unclear: ErrorWords = {
  title: 'Your browser’s answer could not be used',
  text: 'Reload the page and try again. If it goes on, use a different browser or device.',
};
const notYours: ErrorWords = {
  title: 'This passkey did not open an account here',
  text: 'Try another passkey, or ask your administrator for a new enrolment link.',
};

export const refusalWords = {
  authentication_failed: notYours,
  already_registered: {
    title: 'There is a passkey here already',
    text: 'This device or key already has a passkey for an account. Use a different one, or go on and sign in.',
  },
  credential_id_mismatch: unclear,
  client_data_invalid: unclear,
  type_mismatch: unclear,
  challenge_mismatch: tooLate,
  origin_mismatch: wrongPlace,
  cross_origin_mismatch: wrongPlace,
  top_origin_mismatch: wrongPlace,
  cbor_invalid: notAccepted,
  attestation_object_invalid: notAccepted,
  authenticator_data_invalid: notAccepted,
  public_key_invalid: notAccepted,
  rp_id_mismatch: wrongPlace,
  user_presence_missing: notUnlocked,
  user_verification_missing: notUnlocked,
  backup_state_invalid: notAccepted,
  backup_eligibility_changed: notYours,
  algorithm_mismatch: notAccepted,
  attestation_format_unknown: notAccepted,
  attestation_invalid: notAccepted,
  certificate_invalid: notAccepted,
  attestation_untrusted: notAccepted,
  attestation_required: notAccepted,
  credential_id_too_long: notAccepted,
  extension_invalid: notAccepted,
  credential_not_allowed: notYours,
  credential_unknown: notYours,
  user_handle_missing: notYours,
  user_handle_mismatch: notYours,
  signature_invalid: notYours,
  sign_count_regressed: notYours,
  challenge_invalid: tooLate,
  challenge_expired: tooLate,
  challenge_used: tooLate,
} as const satisfies Partial<Record<ErrorCode, ErrorWords>>;
