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
  policy_unknown: [403, 'You do not have access to this page'],
  forbidden: [403, 'Access is not allowed'],
  // ceremonies
  authentication_failed: [401, 'The passkey was not accepted'],
  already_registered: [409, 'This passkey is registered already'],
  invite_invalid: [410, 'This link no longer works'],
  challenge_invalid: [400, 'The challenge is not one of ours'],
  challenge_expired: [400, 'The challenge has expired'],
  challenge_used: [400, 'The challenge was used before'],
  // identity tokens
  token_invalid: [401, 'The token is not valid'],
  token_expired: [401, 'The token has expired'],
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
