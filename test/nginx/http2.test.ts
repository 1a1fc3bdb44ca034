import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from 'node:http2';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { cookieName, type Enrolment, enrol } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)('HTTP/2, gate on %s', (engine) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let session: ClientHttp2Session;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ engine, upstream, server: 'http2 on;' });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada' });
    session = connect(`http://127.0.0.1:${nginx.port}`);
    cleanUp(() => session.close());
  });

  function ask(
    headers: OutgoingHttpHeaders,
    body?: string,
  ): Promise<{ status: number; headers: Record<string, unknown>; text: string }> {
    return new Promise((resolve, reject) => {
      const stream = session.request({ ':authority': `localhost:${nginx.port}`, ...headers });
      let answered: Record<string, unknown> = {};
      let text = '';
      stream.on('response', (received) => {
        answered = received;
      });
      stream.on('data', (chunk) => {
        text += chunk;
      });
      stream.on('end', () => resolve({ status: Number(answered[':status']), headers: answered, text }));
      stream.on('error', reject);
      stream.end(body);
    });
  }

  const json = { ':method': 'POST', 'content-type': 'application/json' };

  it('lets a session through on a connection of many requests', async () => {
    const cookie = `${cookieName}=${ada.cookie}`;
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => ask({ ':path': `/app/${i}`, cookie })));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(upstream.arrived).toHaveLength(20);
    for (const arrived of upstream.arrived) await verifyIdentity(nginx, arrived.header('fido2-identity'));
  });

  it('refuses without one, in each way', async () => {
    const before = upstream.arrived.length;
    expect((await ask({ ':path': '/app/' })).status).toBe(401);
    const page = await ask({ ':path': '/app/x', 'sec-fetch-mode': 'navigate' });
    expect([page.status, page.headers.location]).toEqual([303, '/fido2/login?return_to=%2Fapp%2Fx']);
    expect((await ask({ ':path': '/app/', ':method': 'POST' }, 'body')).status).toBe(401);
    expect((await ask({ ':path': '/app/', cookie: `${cookieName}=${'A'.repeat(100)}` })).status).toBe(401);
    expect((await ask({ ':path': '/admin/', cookie: `${cookieName}=${ada.cookie}` })).status).toBe(403);
    expect(upstream.arrived.length).toBe(before);
  });

  it('signs in', async () => {
    const asked = await ask({ ...json, ':path': '/fido2/assertion/options' }, '{}');
    const response = passkey.get(JSON.parse(asked.text) as RequestOptionsJSON);
    const answer = await ask({ ...json, ':path': '/fido2/assertion/result' }, JSON.stringify(response));
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([200, { user: 'ada', return_to: '/' }]);
    const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
    expect((await ask({ ':path': '/app/', cookie })).status).toBe(200);
  });
});
