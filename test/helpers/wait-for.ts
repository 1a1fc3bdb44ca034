import { setTimeout as sleep } from 'node:timers/promises';

/** Asks until the answer is true; throws after 20 s, with `context` in the message. */
export async function waitFor(
  isDone: () => boolean | Promise<boolean>,
  what: string,
  context: () => string = () => '',
): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(15)) {
    if (await isDone()) return;
  }
  throw new Error(`waited in vain for ${what}\n${context()}`);
}
