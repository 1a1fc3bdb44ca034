import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('uploads, gate on %s', (engine) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    const streamed = gatedLocation('/streamed/', 'user', 'proxy_request_buffering off;');
    nginx = await startNginx({
      engine,
      upstream,
      server: 'client_max_body_size 0;',
      locations: streamed,
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  it.each(['/app/', '/streamed/'])('passes 20 MB on at %s, byte for byte', async (path) => {
    const body = randomBytes(20 * 1024 * 1024);
    const answer = await request(nginx, { method: 'PUT', path, cookie: ada.cookie, body });
    expect(answer.status).toBe(200);
    const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
    expect(digest(upstream.last().body)).toBe(digest(body));
    upstream.arrived.length = 0;
  });

  it.each(['/app/', '/streamed/'])('refuses at %s before the body has come', async (path) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost:${nginx.port}\r\nContent-Length: 20000000\r\nConnection: close\r\n`;
    const answer = await firstBytes(nginx.port, `${head}\r\nonly this much`);
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(upstream.arrived).toEqual([]);
  });
});

/** What comes back first; nginx itself keeps the connection for a while, in case the rest of a body is on its way. */
function firstBytes(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', reject);
    socket.once('data', (chunk) => {
      resolve(String(chunk));
      socket.destroy();
    });
  });
}
