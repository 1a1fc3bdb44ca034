import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, invite, post, type RequestOptions, raw, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readUser } from '../helpers/records.ts';

const posts = [
  '/fido2/attestation/options',
  '/fido2/attestation/result',
  '/fido2/assertion/options',
  '/fido2/assertion/result',
  '/fido2/account/rename',
  '/fido2/account/remove',
  '/fido2/account/end-session',
];
const gets = ['/fido2/login', '/fido2/enrol', '/fido2/account', '/fido2/session', '/fido2/jwks.json', '/fido2/healthz'];
const json = { 'Content-Type': 'application/json' };

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)('bad requests, contexts %s', (contexts) => {
  let nginx: RunningNginx;
  let ada: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({ contexts });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  async function isRefused(status: number, code: string, options: RequestOptions): Promise<void> {
    const before = nginx.errorLog().length;
    const answer = await request(nginx, options);
    expect({ status: answer.status, ...answer.json() }).toEqual({
      type: `urn:ngx-fido2:${code}`,
      title: expect.any(String),
      status,
      code,
      ref: expect.stringMatching(/^[0-9a-f]{8,32}$/),
    });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.setCookie).toEqual([]);
    if (status !== 413) expect(nginx.errorLog().slice(before)).toContain(`${answer.json().ref} ${code}`);
  }

  const bodies: readonly (readonly [string, string | Uint8Array])[] = [
    ['no body', ''],
    ['truncated JSON', '{"a":'],
    ['a list', '[]'],
    ['a number', '1'],
    ['null', 'null'],
    ['bytes that are no text', Uint8Array.of(0xff, 0xfe, 0x00)],
    ['deeply nested', '['.repeat(30_000)],
  ];

  it.each(posts.flatMap((path) => bodies.map(([name, body]) => ({ path, name, body }))))(
    'answers 400 to $path with $name',
    ({ path, body }) => isRefused(400, 'malformed', { method: 'POST', path, body, headers: json, cookie: ada.cookie }),
  );

  it.each(posts)('answers 415 to %s with another content type', async (path) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonx', '']) {
      const headers = type === '' ? {} : { 'Content-Type': type };
      await isRefused(415, 'unsupported_media_type', { method: 'POST', path, body: '{}', headers });
    }
  });

  it.each(posts)('answers 413 to %s with more than 64 KB', (path) =>
    isRefused(413, 'too_large', { method: 'POST', path, body: `{"a":"${'x'.repeat(70_000)}"}`, headers: json }),
  );

  it.each(posts)('answers 405 to GET %s and names POST', async (path) => {
    await isRefused(405, 'method_not_allowed', { path });
    expect((await request(nginx, { path })).headers.allow).toBe('POST');
  });

  it.each(gets)('answers 405 to POST %s and names GET', async (path) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
      const options = { method, path, body: '{}', headers: json };
      await isRefused(405, 'method_not_allowed', options);
      expect((await request(nginx, options)).headers.allow).toBe('GET, HEAD');
    }
  });

  it.each([...posts, '/fido2/logout'])('refuses %s from another site before anything else', async (path) => {
    const refused = [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { Origin: nginx.origin.replace('http:', 'https:') },
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site', Origin: nginx.origin },
    ];
    for (const headers of refused) {
      const all = { ...json, ...headers };
      await isRefused(403, 'cross_origin', { method: 'POST', path, body: '{', headers: all, cookie: ada.cookie });
    }
    expect((await request(nginx, { path: '/fido2/session', cookie: ada.cookie })).status).toBe(200);
  });

  it('answers 404 to what is not there', async () => {
    for (const path of ['/fido2/', '/fido2/nothing', '/fido2/assertion/', '/fido2/constructor', '/fido2/__proto__']) {
      await isRefused(404, 'not_found', { path });
    }
  });

  it('makes no challenge for a host that no origin names', async () => {
    const options = { method: 'POST', path: '/fido2/assertion/options', body: '{}' };
    await isRefused(403, 'cross_origin', { ...options, headers: { ...json, Host: 'evil.example' } });
  });

  it('refuses a header that came twice and says nothing of one that is only odd', async () => {
    const headers = { ...json, Origin: [nginx.origin, nginx.origin] };
    await isRefused(400, 'malformed', { method: 'POST', path: '/fido2/assertion/options', body: '{}', headers });
  });

  const answers: readonly (readonly [string, unknown])[] = [
    ['an empty object', {}],
    ['members of a wrong type', { id: 1, rawId: [], type: 'public-key', response: 'x' }],
    ['another type', { id: 'AA', rawId: 'AA', type: 'password', response: {} }],
    ['base64 of the other alphabet', { id: '++', rawId: '++', type: 'public-key', response: {} }],
  ];

  it.each(answers)('answers 4xx to a result that is %s', async (_, body) => {
    for (const path of ['/fido2/attestation/result', '/fido2/assertion/result']) {
      const answer = await post(nginx, path, body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.json()).toMatchObject({ code: expect.any(String), ref: expect.any(String) });
    }
  });

  it('changes nothing by any of it', async () => {
    const { code } = await invite(nginx, { user: 'unharmed' });
    for (const body of ['{', '[]', '{"invite":7}', `{"invite":"${code}x"}`, `{"invite":"${code.slice(1)}"}`]) {
      const answer = await request(nginx, { method: 'POST', path: '/fido2/attestation/options', body, headers: json });
      expect(answer.status).toBeGreaterThanOrEqual(400);
    }
    expect((await readUser(nginx, 'unharmed')).credentials).toEqual([]);
    expect((await post(nginx, '/fido2/attestation/options', { invite: code })).status).toBe(200);
  });

  it('closes on bytes that are no HTTP', async () => {
    expect(await raw(nginx, 'POST /fido2/assertion/options HTTP/1.1\r\nHost: a b\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await raw(nginx, Buffer.from([0x16, 0x03, 0x01, 0x00, 0x0a, 0x0d, 0x0a]))).toMatch(/400 Bad Request/);
  });
});
