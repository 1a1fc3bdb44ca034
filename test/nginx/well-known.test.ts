import { beforeAll, describe, expect, it } from 'vitest';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';

const shop = 'https://shop.example';

describe.runIf(await needs('nginx'))('what browsers look up of passkeys', () => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    nginx = await startNginx({
      settings: (port) => ({
        rp: {
          id: 'localhost',
          origins: [
            `http://localhost:${port}`,
            'ios:bundle-id:com.example.app',
            shop,
            'https://shop.other.example:8443',
          ],
        },
        identity: { issuer: 'https://id.example.com/fido2' },
      }),
    });
  });

  it('is which sites of other domains may use them, as Level 3 asks', async () => {
    const { status, headers, json } = await get(nginx, '/.well-known/webauthn');
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(json()).toEqual({ origins: [shop, 'https://shop.other.example:8443'] });
  });

  it('is where people add and manage them, on the site that was asked', async () => {
    const page = `${nginx.origin}/fido2/account`;
    const { status, headers, json } = await get(nginx, '/.well-known/passkey-endpoints');
    expect([status, headers['content-type']]).toEqual([200, 'application/json']);
    expect(json()).toEqual({ enroll: page, manage: page });
    const there = await get(nginx, '/.well-known/passkey-endpoints', { headers: { Host: 'shop.example' } });
    expect(there.json()).toEqual({ enroll: `${shop}/fido2/account`, manage: `${shop}/fido2/account` });
    const elsewhere = await get(nginx, '/.well-known/passkey-endpoints', { headers: { Host: 'evil.example' } });
    expect(elsewhere.json()).toEqual({ enroll: page, manage: page });
  });

  it.each(['/.well-known/webauthn', '/.well-known/passkey-endpoints'])(
    '%s is kept for minutes and asked for again by its ETag',
    async (path) => {
      const { headers } = await get(nginx, path);
      expect(headers['cache-control']).toBe('public, max-age=300');
      const { etag = '' } = headers;
      for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const again = await get(nginx, path, { headers: { 'If-None-Match': known } });
        expect([known, again.status, again.text, again.headers.etag]).toEqual([known, 304, '', etag]);
      }
      expect((await get(nginx, path, { headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
    },
  );

  it('is nothing where no site is outside the domain', async () => {
    nginx.writeSettings({ rp: { origins: [nginx.origin] }, store: { path: nginx.data }, policies: { user: {} } });
    await nginx.reload();
    const { status, json } = await get(nginx, '/.well-known/webauthn');
    expect([status, json().code]).toEqual([404, 'not_found']);
  });
});
