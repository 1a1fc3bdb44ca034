import { createServer, type Socket } from 'node:net';
import { cleanUp } from './cleanup.ts';

export interface UwsgiUpstream {
  readonly port: number;
  /** The variables of each request. */
  readonly arrived: ReadonlyMap<string, string>[];
}

/** A uwsgi responder that remembers the variables and answers `200 ok`; one request a connection, its body unread. */
export async function startUwsgi(): Promise<UwsgiUpstream> {
  const arrived: ReadonlyMap<string, string>[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let buffered = Buffer.alloc(0);
    let isAnswered = false;
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      if (isAnswered || buffered.length < 4 || buffered.length < 4 + buffered.readUInt16LE(1)) return;
      isAnswered = true;
      arrived.push(parseVariables(buffered.subarray(4, 4 + buffered.readUInt16LE(1))));
      socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nok');
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the responder has no port');
  return { port: address.port, arrived };
}

function parseVariables(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  let at = 0;
  const text = (): string => {
    const start = at + 2;
    at = start + bytes.readUInt16LE(at);
    return bytes.toString('latin1', start, at);
  };
  while (at < bytes.length) {
    const name = text();
    if (found.has(name)) throw new Error(`${name} arrived twice`);
    found.set(name, text());
  }
  return found;
}
