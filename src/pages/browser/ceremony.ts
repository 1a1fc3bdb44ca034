/** One passkey window at a time: how it is opened, given up, and what its failures mean. */

export type Failure =
  | 'ours'
  | 'cancelled'
  | 'timedOut'
  | 'blocked'
  | 'elsewhere'
  | 'exists'
  | 'wrongAddress'
  | 'keyUnfit'
  | 'tooOld'
  | 'broken';

/** Ends our own calls; not a failure of anybody's. */
const abortReason = 'AbortError';

let current: { readonly controller: AbortController; readonly done: Promise<unknown> } | undefined;

/** Ends the window that is open, if any, and waits until the browser has let go of it. */
export async function stop(): Promise<void> {
  const { controller, done } = current ?? {};
  current = undefined;
  controller?.abort();
  await done?.catch(() => undefined);
}

/**
 * Opens a passkey window after ending the one before. A browser that still holds the former request answers
 * OperationError: it is asked once more.
 */
export async function open(ask: (signal: AbortSignal) => Promise<Credential | null>): Promise<PublicKeyCredential> {
  await stop();
  const controller = new AbortController();
  const done = ask(controller.signal).catch(async (error: unknown) => {
    if (nameOf(error) !== 'OperationError' || controller.signal.aborted) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
    return ask(controller.signal);
  });
  current = { controller, done };
  try {
    const credential = await done;
    if (controller.signal.aborted) throw new DOMException('', abortReason);
    if (!(credential instanceof PublicKeyCredential)) throw new DOMException('', 'UnknownError');
    return credential;
  } finally {
    if (current?.controller === controller) current = undefined;
  }
}

function nameOf(error: unknown): string {
  return error instanceof DOMException || error instanceof Error ? error.name : '';
}

/** What a window's end means. Browsers give one name to nearly everything, so the time that it took tells more. */
export function classify(error: unknown, ms: number, timeout: number, kind: 'get' | 'create' | 'immediate'): Failure {
  switch (nameOf(error)) {
    case abortReason:
      return 'ours';
    case 'NotAllowedError':
      if (kind === 'immediate' && ms < 1000) return 'elsewhere';
      if (ms >= timeout - 2000) return 'timedOut';
      if (ms < (kind === 'create' ? 300 : 800)) return kind === 'create' ? 'keyUnfit' : 'blocked';
      return 'cancelled';
    case 'InvalidStateError':
      return 'exists';
    case 'SecurityError':
      return 'wrongAddress';
    case 'ConstraintError':
      return 'keyUnfit';
    case 'NotSupportedError':
      return 'tooOld';
    default:
      return 'broken';
  }
}
