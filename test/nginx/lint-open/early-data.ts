import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/** Sends the request in TLS 1.3 early data, and then the bytes of that connection once more, as they were recorded. */
export async function sendTwiceEarly(socket: string, request: string, folder: string): Promise<void> {
  const recorded: Buffer[][] = [];
  const recorder = createServer((client) => {
    const bytes: Buffer[] = [];
    recorded.push(bytes);
    const server = connect(socket);
    client.on('data', (chunk) => {
      bytes.push(chunk);
      server.write(chunk);
    });
    server.on('data', (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
  const address = recorder.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const [session, early] = [join(folder, 'session.pem'), join(folder, 'early.txt')];
  writeFileSync(early, request);
  try {
    await openssl(port, ['-sess_out', session]);
    await openssl(port, ['-sess_in', session, '-early_data', early]);
    await replay(socket, Buffer.concat(recorded.at(-1) ?? []));
  } finally {
    await new Promise((resolve) => recorder.close(resolve));
  }
}

/** Runs `openssl s_client` until the server has answered a last request and closed. */
async function openssl(port: number, args: readonly string[]): Promise<void> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_3', '-ign_eof', ...args]);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve());
  });
  child.stdout.resume();
  child.stderr.resume();
  child.stdin.end('GET /none HTTP/1.0\r\n\r\n');
  await ended;
}

async function replay(socket: string, bytes: Buffer): Promise<void> {
  const again = connect(socket, () => again.end(bytes));
  again.resume();
  // nginx cannot read what was encrypted for the first connection, and ends this one as it likes
  again.on('error', () => again.destroy());
  await new Promise((resolve) => again.once('close', resolve));
}
