import { createServer, type Socket } from 'node:net';
import { cleanUp } from './cleanup.ts';

const beginRequest = 1;
const endRequest = 3;
const params = 4;
const stdin = 5;
const stdout = 6;

export interface FastCgiRequest {
  readonly params: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface FastCgiUpstream {
  readonly port: number;
  readonly arrived: FastCgiRequest[];
}

/** A FastCGI responder (FastCGI 1.0) that remembers what arrived and answers `200 ok`; one request a connection. */
export async function startFastCgi(): Promise<FastCgiUpstream> {
  const arrived: FastCgiRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let buffered = Buffer.alloc(0);
    const streams = new Map([params, stdin].map((type) => [type, [] as Buffer[]]));
    socket.on('data', (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 8) {
        const [type = 0, id] = [buffered.readUInt8(1), buffered.readUInt16BE(2)];
        const length = buffered.readUInt16BE(4);
        const end = 8 + length + buffered.readUInt8(6);
        if (buffered.length < end) return;
        const content = Buffer.from(buffered.subarray(8, 8 + length));
        buffered = buffered.subarray(end);
        if (type !== beginRequest) streams.get(type)?.push(content);
        if (type === stdin && length === 0) {
          const body = Buffer.concat(streams.get(stdin) ?? []);
          arrived.push({ params: parseParams(Buffer.concat(streams.get(params) ?? [])), body });
          socket.write(record(stdout, id, Buffer.from('Status: 200\r\nContent-Type: text/plain\r\n\r\nok')));
          socket.write(record(stdout, id, Buffer.alloc(0)));
          socket.end(record(endRequest, id, Buffer.alloc(8)));
        }
      }
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

function record(type: number, id: number, content: Buffer): Buffer {
  const header = Buffer.from([1, type, id >> 8, id & 0xff, content.length >> 8, content.length & 0xff, 0, 0]);
  return Buffer.concat([header, content]);
}

function parseParams(bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  let at = 0;
  const length = (): number => {
    const short = bytes.readUInt8(at);
    if (short < 0x80) {
      at += 1;
      return short;
    }
    at += 4;
    return bytes.readUInt32BE(at - 4) & 0x7fffffff;
  };
  while (at < bytes.length) {
    const [nameLength, valueLength] = [length(), length()];
    const name = bytes.toString('latin1', at, at + nameLength);
    const value = bytes.toString('latin1', at + nameLength, at + nameLength + valueLength);
    if (found.has(name)) throw new Error(`${name} arrived twice`);
    found.set(name, value);
    at += nameLength + valueLength;
  }
  return found;
}
