import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { startNginx } from '../helpers/nginx.ts';
import { editSnippet } from '../helpers/site-conf.ts';
import { startUpstream } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx'))('limits of nginx itself', () => {
  it('answers 429 to one address that asks for too many ceremonies, and serves what is gated meanwhile', async () => {
    const upstream = await startUpstream();
    // the rate that is shipped, with a burst that a test can exhaust
    const prepare = editSnippet('server.conf', (text) => text.replaceAll('burst=1000', 'burst=5'));
    const nginx = await startNginx({ upstream, prepare });
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
    const answers = await Promise.all(Array.from({ length: 60 }, () => post(nginx, '/fido2/assertion/options', {})));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    expect(answers.every(({ status }) => status === 200 || status === 429)).toBe(true);
    for (const answer of refused) {
      expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      expect(answer.json()).toMatchObject({ code: 'too_many_requests', status: 429, ref: expect.any(String) });
    }
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    expect((await get(nginx, '/fido2/session', { cookie })).status).toBe(200);
  });

  it('ends a connection whose body does not come', async () => {
    const prepare = editSnippet('handler.conf', (text) =>
      text.replace('client_body_timeout 10s', 'client_body_timeout 1s'),
    );
    const nginx = await startNginx({ prepare });
    const head = `POST /fido2/assertion/options HTTP/1.1\r\nHost: localhost:${nginx.port}\r\n`;
    const socket = connect(nginx.port, '127.0.0.1');
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{`);
    const received = await new Promise<string>((resolve, reject) => {
      let text = '';
      socket.setTimeout(9_000, () => reject(new Error('still open')));
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text));
    });
    expect(received).not.toMatch(/ 200 /);
    expect(nginx.audit()).toEqual([]);
  });
});
