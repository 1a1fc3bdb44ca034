import { setTimeout as sleep } from 'node:timers/promises';

/** Asks every so many milliseconds until the answer is true; throws after 50 s, with `context` in the message. */
export async function waitFor(
  isDone: () => boolean | Promise<boolean>,
  what: string,
  context: () => string = () => '',
  every = 15,
): Promise<void> {
  for (const end = Date.now() + 50_000; Date.now() < end; await sleep(every)) {
    if (await isDone()) return;
  }
  throw new Error(`waited in vain for ${what}\n${context()}`);
}
