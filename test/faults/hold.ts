import { createServer, type ServerResponse } from 'node:http';
import { cleanUp } from '../helpers/cleanup.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Where code in nginx stops until a test lets it go on. */
export interface Hold {
  /** Source text that stops there: an expression to stand in an async function of nginx. */
  at(point: string): string;
  /** From now on whoever comes to the point waits. */
  close(point: string): void;
  /** Resolves when somebody waits there, with the process ids of the workers that do, each once. */
  reached(point: string): Promise<number[]>;
  /** The same, at once. */
  waiting(point: string): number[];
  /** Lets everybody who waits there go on, and who comes later pass. */
  open(point: string): void;
}

/** Every point is open at first. */
export async function startHold(): Promise<Hold> {
  const closed = new Set<string>();
  const waiting = new Map<string, { worker: number; response: ServerResponse }[]>();
  const server = createServer((request, response) => {
    const [, point = '', worker] = (request.url ?? '').split('/');
    if (!closed.has(point)) response.end();
    else waiting.set(point, [...(waiting.get(point) ?? []), { worker: Number(worker), response }]);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the hold has no port');
  const workersAt = (point: string) => [...new Set((waiting.get(point) ?? []).map(({ worker }) => worker))];
  return {
    at: (point) => `await ngx.fetch('http://127.0.0.1:${address.port}/${point}/' + process.pid)`,
    close: (point) => closed.add(point),
    async reached(point) {
      await waitFor(() => waiting.has(point), `somebody at ${point}`);
      return workersAt(point);
    },
    waiting: workersAt,
    open(point) {
      closed.delete(point);
      for (const { response } of waiting.get(point) ?? []) response.end();
      waiting.delete(point);
    },
  };
}
