import { type ErrorCode, Fido2Error } from '../errors.ts';

/** One guard of a ceremony: refuses with the step's number unless it holds. */
export function guard(holds: boolean, step: string, code: ErrorCode, detail: string): asserts holds {
  if (!holds) throw new Fido2Error(code, detail, { step });
}

/** Runs a reader that knows nothing of ceremonies; its refusals get the step's number. */
export function inStep<T>(step: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw withStep(step, error);
  }
}

/** The same for one that waits. */
export async function inStepAsync<T>(step: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw withStep(step, error);
  }
}

function withStep(step: string, error: unknown): unknown {
  if (!(error instanceof Fido2Error) || error.step !== undefined) return error;
  return new Fido2Error(error.code, error.message, { step, cause: error.cause });
}
