import { CommandError } from '../command-error.ts';
import { isAnswered } from './listen.ts';
import type { Service } from './service.ts';

/** Milliseconds to wait for any answer, and for a good one after the first. */
const patience = 15_000;
const unfitPatience = 4_000;
const pause = 50;

/** Waits until the site says that it is fit. Throws CommandError with the reason where it does not become so. */
export async function awaitHealth(url: string, services: readonly Service[], log: string): Promise<void> {
  let end = Date.now() + patience;
  let last = 'no answer';
  while (Date.now() < end) {
    const status = await healthOf(url);
    if (status === 200) return;
    if (status !== null) {
      if (last === 'no answer') end = Date.now() + unfitPatience;
      last = `status ${status}`;
    }
    await Promise.race([new Promise((resolve) => setTimeout(resolve, pause)), ...services.map(unexpectedEnd)]);
  }
  const reasons = services
    .flatMap((service) => service.lastLines())
    .filter((line) => /\[(emerg|alert|error)\]/.test(line));
  const reason = reasons.at(-1)?.replace(/^.*\[\w+\] (\d+#\d+: )?/, '') ?? last;
  throw new CommandError(`the site does not become fit: ${reason}`, `look into ${log}`);
}

/** Waits until something listens at the port of 127.0.0.1 or the socket's path. Throws CommandError where nothing does. */
export async function awaitListening(
  name: string,
  where: number | string,
  services: readonly Service[],
): Promise<void> {
  for (const end = Date.now() + patience; Date.now() < end; ) {
    if (await isAnswered(where)) return;
    await Promise.race([new Promise((resolve) => setTimeout(resolve, pause)), ...services.map(unexpectedEnd)]);
  }
  throw new CommandError(`${name} does not listen`, 'look into logs/error.log of the data folder');
}

/** Rejects with CommandError when the process ends. */
export async function unexpectedEnd(service: Service): Promise<never> {
  const status = await service.ended;
  const lines = service.lastLines();
  const line =
    lines.find((each) => each.includes('[emerg]')) ?? lines.find((each) => each.startsWith('error:')) ?? lines.at(-1);
  const reason = (line ?? '').replace(/^.*\[emerg\] (\d+#\d+: )?|^error: /, '');
  throw new CommandError(
    `${service.name} ended (${status === null ? 'by a signal' : `status ${status}`})${reason === '' ? '' : `: ${reason}`}`,
    'its last lines stand in logs/error.log of the data folder',
  );
}

async function healthOf(url: string): Promise<number | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    // not listening yet, or busy: both pass
    if (error instanceof TypeError || (error instanceof DOMException && error.name === 'TimeoutError')) return null;
    throw error;
  }
}
