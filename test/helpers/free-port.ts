import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below those that the kernel gives to connections: one of them would take the port before it is listened on.
const [lowest, end] = [20_000, 32_000];

/** A port that nobody listens on now; whoever uses it must bear that somebody was faster. */
export async function freePort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = randomInt(lowest, end);
    try {
      await listenOnce(port);
      return port;
    } catch (error) {
      if (attempt === 50) throw error;
    }
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    // on all addresses: some of what the tests start does
    server.listen(port, () => server.close(() => resolve()));
  });
}
