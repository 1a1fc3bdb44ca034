import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Authenticator } from '../helpers/authenticator.ts';
import { cookieName, type Enrolment, enrol, get, login } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { verifyIdentity } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('WebSocket, gate on %s', (engine) => {
  let nginx: RunningNginx;
  let ada: Enrolment;
  let passkey: Authenticator;
  const server = createServer((_, response) => response.end('ok'));
  const sockets = new WebSocketServer({ server });
  const upgrades: (string | undefined)[] = [];

  beforeAll(async () => {
    sockets.on('connection', (socket, request) => {
      const { 'fido2-identity': token } = request.headers;
      upgrades.push(typeof token === 'string' ? token : undefined);
      socket.on('message', (data) => socket.send(`echo ${data}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    nginx = await startNginx({ engine, upstream: server.address() as AddressInfo });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada' });
  });

  afterAll(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
  });

  /** The echo, or the status of the refusal. */
  function talk(path: string, { cookie, origin }: { cookie?: string; origin?: string }): Promise<string | number> {
    const headers = {
      Host: `localhost:${nginx.port}`,
      ...(cookie === undefined ? {} : { Cookie: `${cookieName}=${cookie}` }),
      ...(origin === undefined ? {} : { Origin: origin }),
    };
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://127.0.0.1:${nginx.port}${path}`, { headers });
      socket.on('open', () => socket.send('hello'));
      socket.on('message', (data) => {
        resolve(String(data));
        socket.close();
      });
      socket.on('unexpected-response', (request, response) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
      socket.on('error', reject);
    });
  }

  it('connects from our own origin, with an identity', async () => {
    expect(await talk('/app/', { cookie: ada.cookie, origin: nginx.origin })).toBe('echo hello');
    const { payload } = await verifyIdentity(nginx, upgrades.at(-1));
    expect(payload.sub).toBe(ada.userId);
  });

  it.each([
    ['no session', () => ({ origin: nginx.origin }), 401],
    ['a foreign origin', () => ({ cookie: ada.cookie, origin: 'https://evil.example' }), 403],
    ['no origin', () => ({ cookie: ada.cookie }), 403],
    ['origin null', () => ({ cookie: ada.cookie, origin: 'null' }), 403],
    ['an origin that begins like ours', () => ({ cookie: ada.cookie, origin: `${nginx.origin}.evil.example` }), 403],
  ])('refuses %s and does not reach the upstream', async (_, from, status) => {
    const before = upgrades.length;
    expect(await talk('/app/', from())).toBe(status);
    expect(upgrades.length).toBe(before);
  });

  it('looks at the origin also when an ordinary request was answered before', async () => {
    const cookie = await login(nginx, passkey);
    for (const repeat of [1, 2]) {
      expect([repeat, (await get(nginx, '/app/', { cookie })).status]).toEqual([repeat, 200]);
      expect(await talk('/app/', { cookie, origin: 'https://evil.example' })).toBe(403);
      expect(await talk('/app/', { cookie, origin: nginx.origin })).toBe('echo hello');
    }
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
  });
});
