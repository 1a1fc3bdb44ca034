import { writeFileSync } from 'node:fs';
import { Agent, request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Answer, cookieName, get, invite } from '../helpers/client.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { serverCertificate } from '../helpers/server-certificate.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';

const host = 'app.example';

interface Sent {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: object;
}

describe.runIf(await needs('nginx'))('behind a proxy that ends TLS on another port', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let port: number;
  let origin: string;
  let authority = '';

  beforeAll(async () => {
    upstream = await startUpstream();
    port = await freePort();
    origin = `https://${host}:${port}`;
    const { certificate, key, root } = serverCertificate(host);
    authority = root;
    nginx = await startNginx({
      upstream,
      settings: { rp: { origins: [origin] } },
      prepare: (folder) => {
        writeFileSync(join(folder, 'conf/tls.crt'), certificate);
        writeFileSync(join(folder, 'conf/tls.key'), key, { mode: 0o600 });
      },
      http: ({ folder, port: inner }) => `server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${folder}/conf/tls.crt; ssl_certificate_key ${folder}/conf/tls.key;
        location / { proxy_set_header Host $http_host; proxy_http_version 1.1; proxy_pass http://127.0.0.1:${inner}; }
      }`,
    });
  });

  function ask(
    path: string,
    { method = 'GET', headers = {}, body }: Sent = {},
  ): Promise<Pick<Answer, 'status' | 'headers' | 'text'>> {
    const agent = new Agent({ ca: authority });
    const all = {
      Host: `${host}:${port}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    };
    const target = { host: '127.0.0.1', servername: host, port, path, method, headers: all, agent };
    return new Promise((resolve, reject) => {
      const sent = httpsRequest(target, (incoming) => {
        let text = '';
        incoming.on('data', (chunk) => {
          text += chunk;
        });
        incoming.on('end', () => {
          const received = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
          resolve({ status: incoming.statusCode ?? 0, headers: Object.fromEntries(received), text });
        });
      });
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  it('enrols, signs in and tells the upstream the outer origin', async () => {
    const passkey = new Authenticator({ origin, rpId: host });
    const { code } = await invite(nginx, { user: 'ada' });
    const browser = { method: 'POST', headers: { Origin: origin, 'Sec-Fetch-Site': 'same-origin' } };
    const asked = await ask('/fido2/attestation/options', { ...browser, body: { invite: code } });
    const created = passkey.create(JSON.parse(asked.text) as CreationOptionsJSON);
    expect((await ask('/fido2/attestation/result', { ...browser, body: created })).status).toBe(201);
    const options = await ask('/fido2/assertion/options', { method: 'POST', body: {} });
    const assertion = passkey.get(JSON.parse(options.text) as RequestOptionsJSON);
    const signedIn = await ask('/fido2/assertion/result', { method: 'POST', body: assertion });
    expect(signedIn.status).toBe(200);
    const [cookie = ''] = String(signedIn.headers['set-cookie']).split(';');
    expect(cookie.startsWith(`${cookieName}=`)).toBe(true);

    expect((await ask('/app/x', { headers: { Cookie: cookie } })).status).toBe(200);
    const arrived = upstream.last();
    expect(arrived.header('host')).toBe(`${host}:${port}`);
    expect(arrived.header('x-forwarded-host')).toBe(`${host}:${port}`);
    expect(arrived.header('x-forwarded-proto')).toBe('https');
    const inner = { port: nginx.port, origin };
    const { payload } = await verifyIdentity(inner, arrived.header('fido2-identity'), { issuer: origin });
    expect(payload.preferred_username).toBe('ada');
  });

  it('sends people to the login page without naming an inner address', async () => {
    const answer = await ask('/app/x?y', { headers: { 'Sec-Fetch-Mode': 'navigate' } });
    expect([answer.status, answer.headers.location]).toEqual([303, '/fido2/login?return_to=%2Fapp%2Fx%3Fy']);
    const form = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin };
    const out = await ask('/fido2/logout', { method: 'POST', headers: form });
    expect([out.status, out.headers.location]).toEqual([303, '/fido2/signed-out']);
  });

  it('keeps an upstream’s own redirects on the outer origin', async () => {
    const redirecting = await startUpstream((arrived, response) => {
      response.writeHead(302, { Location: arrived.url.endsWith('outer') ? `${origin}/app/next` : '/app/next' });
      response.end();
    });
    const other = await startNginx({
      upstream: redirecting,
      settings: { rp: { origins: [origin] } },
      locations:
        'location /own/ { auth_request /fido2/optional/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }',
    });
    const headers = { Host: `${host}:${port}` };
    const answer = await get(other, '/own/outer', { headers });
    expect([answer.status, answer.headers.location]).toEqual([302, `${origin}/app/next`]);
    expect((await get(other, '/own/x', { headers })).headers.location).toBe('/app/next');
  });

  it('refuses the inner origin', async () => {
    const headers = { Origin: `http://127.0.0.1:${nginx.port}` };
    expect((await ask('/fido2/assertion/options', { method: 'POST', headers, body: {} })).status).toBe(403);
  });
});
