/**
 * Every refusal has one of these codes. The table is the only list: HTTP status and words for the client come
 * from it, and docs/errors.md is printed from it. The detail goes to the log, never to the client.
 */
export const errorCodes = {
  // requests
  malformed: [400, 'The request is malformed'],
  not_found: [404, 'There is nothing here'],
  method_not_allowed: [405, 'This method is not allowed here'],
  too_large: [413, 'The request is too large'],
  unsupported_media_type: [415, 'Send application/json'],
  too_many_requests: [429, 'Too many requests'],
  cross_origin: [403, 'The request comes from another site'],
  // gate and sessions
  session_required: [401, 'Sign in to go on'],
  session_expired: [401, 'The session has ended'],
  step_up_required: [401, 'A fresh confirmation is required'],
  not_allowed: [403, 'You do not have access to this page'],
  authenticator_not_allowed: [403, 'This page needs another passkey'],
  policy_unknown: [403, 'You do not have access to this page'],
  forbidden: [403, 'Access is not allowed'],
  // ceremonies
  authentication_failed: [401, 'The passkey was not accepted'],
  already_registered: [409, 'This passkey is registered already'],
  invite_invalid: [410, 'This link no longer works'],
  credential_id_mismatch: [400, 'The answer names two credentials'],
  client_data_invalid: [400, 'The client data is malformed'],
  type_mismatch: [400, 'The answer belongs to another ceremony'],
  challenge_mismatch: [400, 'The answer is to another challenge'],
  origin_mismatch: [400, 'The answer comes from another origin'],
  cross_origin_mismatch: [400, 'The answer comes from a frame of another site'],
  top_origin_mismatch: [400, 'The answer comes from a frame of another site'],
  cbor_invalid: [400, 'The attestation is malformed'],
  attestation_object_invalid: [400, 'The attestation is malformed'],
  authenticator_data_invalid: [400, 'The authenticator data is malformed'],
  public_key_invalid: [400, 'The public key is not acceptable'],
  rp_id_mismatch: [400, 'The passkey belongs to another site'],
  user_presence_missing: [400, 'The authenticator did not see the user'],
  user_verification_missing: [400, 'The authenticator did not verify the user'],
  backup_state_invalid: [400, 'The backup state is contradictory'],
  backup_eligibility_changed: [400, 'The backup eligibility has changed'],
  algorithm_mismatch: [400, 'The algorithm was not asked for'],
  attestation_format_unknown: [400, 'The attestation format is not supported'],
  attestation_invalid: [400, 'The attestation does not hold'],
  certificate_invalid: [400, 'The attestation certificate is malformed'],
  attestation_untrusted: [400, 'The authenticator is not among the trusted ones'],
  attestation_required: [400, 'The authenticator must attest itself'],
  aaguid_not_allowed: [400, 'This model of authenticator is not accepted'],
  authenticator_refused: [400, 'This model of authenticator is not safe any more'],
  authenticator_uncertified: [400, 'This model of authenticator is not certified as required'],
  authenticator_unknown: [400, 'This model of authenticator is not known'],
  backup_eligibility_refused: [400, 'The passkey may be copied, or may not'],
  credential_id_too_long: [400, "The credential's identifier is too long"],
  extension_invalid: [400, 'An extension output is not acceptable'],
  credential_not_allowed: [400, 'The passkey was not asked for'],
  credential_unknown: [400, 'The passkey is not known'],
  user_handle_missing: [400, 'The answer names no user'],
  user_handle_mismatch: [400, 'The passkey belongs to another user'],
  signature_invalid: [400, 'The signature does not hold'],
  sign_count_regressed: [400, 'The passkey may have been copied'],
  challenge_invalid: [400, 'The challenge is not one of ours'],
  challenge_expired: [400, 'The challenge has expired'],
  challenge_used: [400, 'The challenge was used before'],
  // identity tokens
  token_invalid: [401, 'The token is not valid'],
  token_expired: [401, 'The token has expired'],
  token_too_large: [403, 'The account is in too many groups'],
  metadata_invalid: [400, 'The metadata are not acceptable'],
  // accounts
  name_taken: [409, 'This name is taken'],
  recover_required: [409, 'This user has a passkey already'],
  // service
  unfit: [503, 'Sign-in is out of order'],
  store_unavailable: [503, 'Sign-in is not available right now'],
  overloaded: [503, 'Sign-in is busy'],
  error: [503, 'Sign-in is out of order'],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ErrorCode = keyof typeof errorCodes;

export interface ErrorContext {
  /** The step of the specification that did not hold, for example "7.1.14". */
  readonly step?: string;
  readonly cause?: unknown;
}

/** A refusal. `message` is detail for the log: it states both values where two were compared. */
export class Fido2Error extends Error {
  readonly code: ErrorCode;
  readonly step: string | undefined;

  constructor(code: ErrorCode, detail: string, context: ErrorContext = {}) {
    super(detail, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = 'Fido2Error';
    this.code = code;
    this.step = context.step;
  }
}
