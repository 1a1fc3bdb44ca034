import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Answer, get, post, request } from '../helpers/client.ts';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';

describe.runIf(await needs('nginx'))('documents', () => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    nginx = await startNginx({ settings: { keys: { publish: '10m', rotate: '1h' } } });
  });

  it('publishes the verification keys, cacheable for a quarter of their lead', async () => {
    const answer = await get(nginx, '/fido2/jwks.json');
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      keys: [
        {
          kty: 'EC',
          crv: 'P-256',
          alg: 'ES256',
          use: 'sig',
          x: expect.stringMatching(/^[\w-]{43}$/),
          y: expect.stringMatching(/^[\w-]{43}$/),
          kid: expect.stringMatching(/^[\w-]{43}$/),
        },
      ],
    });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'public, max-age=150',
      'access-control-allow-origin': '*',
      etag: expect.stringMatching(/^"[\w-]+"$/),
    });
  });

  it('prints the same keys by the command, for a mesh that takes them inline', async () => {
    await buildCommand();
    const { stdout } = await ngxFido2(['jwks', '--config', join(nginx.folder, 'fido2.json')]);
    expect(JSON.parse(stdout)).toEqual((await get(nginx, '/fido2/jwks.json')).json());
  });

  it('answers 304 to the ETag that it gave', async () => {
    const { etag = '' } = (await get(nginx, '/fido2/jwks.json')).headers;
    const again = await get(nginx, '/fido2/jwks.json', { headers: { 'If-None-Match': etag } });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
    expect((await get(nginx, '/fido2/jwks.json', { headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
    expect((await request(nginx, { method: 'HEAD', path: '/fido2/jwks.json' })).status).toBe(200);
  });

  it('answers 304 for the metadata too, and to a list, a weak tag and a star', async () => {
    const path = '/.well-known/oauth-authorization-server';
    const { etag = '' } = (await get(nginx, path)).headers;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await get(nginx, path, { headers: { 'If-None-Match': known } });
      expect([known, again.status, again.text, again.headers.etag]).toEqual([known, 304, '', etag]);
      expect(again.headers['cache-control']).toBe('public, max-age=150');
    }
    expect((await get(nginx, path, { headers: { 'If-None-Match': etag.slice(0, -2) } })).status).toBe(200);
  });

  it('describes the issuer where verifiers look for it', async () => {
    const names = ['openid-configuration', 'oauth-authorization-server'];
    for (const path of names.flatMap((name) => [`/.well-known/${name}`, `/fido2/.well-known/${name}`])) {
      const answer = await get(nginx, path);
      expect(answer.status).toBe(200);
      expect(answer.json()).toMatchObject({
        issuer: nginx.origin,
        jwks_uri: `${nginx.origin}/fido2/jwks.json`,
        id_token_signing_alg_values_supported: ['ES256'],
      });
      expect(answer.headers['cache-control']).toBe('public, max-age=150');
      expect(answer.headers['content-type']).toBe('application/json');
    }
  });

  it('describes an issuer with a path where RFC 8414 looks for it, and there no other', async () => {
    const path = '/.well-known/oauth-authorization-server/fido2';
    expect((await get(nginx, path)).json()).toMatchObject({ status: 404, code: 'not_found' });
    const issuer = 'https://id.example.com/fido2';
    const site = await startNginx({ settings: { identity: { issuer } } });
    for (const each of [path, '/fido2/.well-known/openid-configuration']) {
      const answer = await get(site, each);
      expect(answer.json()).toMatchObject({ issuer, jwks_uri: `${issuer}/jwks.json` });
    }
    await site.stop();
  });

  it('says that it is well and no more', async () => {
    const answer = await get(nginx, '/fido2/healthz');
    expect([answer.status, answer.text]).toEqual([200, '{"status":"ok"}']);
    expect((await get(nginx, '/fido2/metrics')).status).toBe(404);
  });

  it('allows other sites the keys alone', async () => {
    const headers = { Origin: 'https://elsewhere.example' };
    for (const path of ['/fido2/session', '/fido2/login', '/fido2/healthz']) {
      expect((await get(nginx, path, { headers })).headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('guards every other answer of ours', async () => {
    const answers: [string, Answer][] = await Promise.all([
      ...[
        '/fido2/login',
        '/fido2/enrol',
        '/fido2/account',
        '/fido2/signed-out',
        '/fido2/session',
        '/fido2/healthz',
        '/fido2/no',
      ].map(async (path): Promise<[string, Answer]> => [path, await get(nginx, path)]),
      post(nginx, '/fido2/assertion/options', {}).then((answer): [string, Answer] => ['options', answer]),
      post(nginx, '/fido2/logout', {}).then((answer): [string, Answer] => ['logout', answer]),
      post(nginx, '/fido2/assertion/result', {}).then((answer): [string, Answer] => ['result', answer]),
    ]);
    for (const [path, { headers }] of answers) {
      expect({ path, ...headers }).toMatchObject({
        path,
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
      const csp = headers['content-security-policy'] ?? '';
      expect(csp).toMatch(/^default-src 'none';/);
      for (const part of ["frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"])
        expect(csp).toContain(part);
      expect(csp).not.toMatch(/unsafe/);
    }
  });
});
