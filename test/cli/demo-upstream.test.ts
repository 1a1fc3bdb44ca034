import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoUpstream, runDemoUpstream } from '../../src/cli/demo-upstream.ts';
import { demo } from '../../src/pages/en-demo.ts';

const issuer = 'http://localhost:8080';
const folder = mkdtempSync(join(tmpdir(), 'demo-upstream-'));
const keySocket = join(folder, 'keys.sock');
const socketPath = join(folder, 'upstream.sock');
const keys = await generateKeyPair('ES256', { extractable: true });
const jwk = { ...(await exportJWK(keys.publicKey)), alg: 'ES256' };
const kid = await calculateJwkThumbprint(jwk);

interface Reply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function call(path: string, headers: Readonly<Record<string, string>> = {}, body?: string): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const method = body === undefined ? 'GET' : 'POST';
    const sent = request({ socketPath, path, method, headers }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function tokenWith(claims: Readonly<Record<string, unknown>> = {}, audience = issuer): Promise<string> {
  return new SignJWT({ preferred_username: 'alice', name: 'Alice <b>', groups: ['admins'], ...claims })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject('c3ViamVjdA')
    .setIssuedAt()
    .setExpirationTime('60s')
    .setJti('1')
    .sign(keys.privateKey);
}

const json = { accept: 'application/json' };

describe('the demo upstream', () => {
  let keyServer: Server;
  let upstream: DemoUpstream;

  beforeAll(async () => {
    keyServer = createServer((_, answer) => answer.end(JSON.stringify({ keys: [{ ...jwk, kid }] })));
    await new Promise<void>((resolve) => keyServer.listen(keySocket, resolve));
    const jwks = { socketPath: keySocket, path: '/fido2/jwks.json' };
    upstream = await runDemoUpstream({ listen: socketPath, jwks, issuer, audience: issuer });
  });

  afterAll(async () => {
    await upstream.close();
    keyServer.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('tells callers that ask for JSON whom it took them for, and by which token', async () => {
    const token = await tokenWith();
    const { status, text } = await call('/app/x?y=1', { ...json, 'fido2-identity': token });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toEqual({
      marker: 'ngx-fido2-demo-upstream',
      path: '/app/x?y=1',
      user: 'alice',
      groups: ['admins'],
      token: { header: { alg: 'ES256', typ: 'JWT', kid }, payload: expect.objectContaining({ sub: 'c3ViamVjdA' }) },
      verified: true,
      remembered: false,
    });
  });

  test('believes no token that does not hold', async () => {
    const token = await tokenWith();
    const { privateKey } = await generateKeyPair('ES256');
    const foreign = new SignJWT({ sub: 'x', jti: '1' }).setProtectedHeader({ alg: 'ES256', kid });
    const refused = [
      token.slice(0, -4) + (token.endsWith('AAAA') ? 'BBBB' : 'AAAA'),
      await tokenWith({}, 'https://another.example'),
      await tokenWith({ iss: 'https://another.example' }).then((t) => `${t}, ${t}`),
      await foreign.setIssuer(issuer).setAudience(issuer).setIssuedAt().setExpirationTime('60s').sign(privateKey),
      `${btoa('{"alg":"none"}')}.${token.split('.')[1]}.`,
      'a.b.c',
      'x',
    ];
    for (const one of refused) {
      const answer = JSON.parse((await call('/app', { ...json, 'fido2-identity': one })).text);
      expect(answer).toMatchObject({ verified: false, user: null, groups: [] });
    }
  });

  test('without a token it says so', async () => {
    const { text } = await call('/app', json);
    expect(JSON.parse(text)).toMatchObject({ verified: false, user: null, groups: [], token: null });
  });

  test('shows people the same, escaped, and whether the session cookie leaked', async () => {
    const token = await tokenWith();
    const kept = await call('/app', { accept: 'text/html', 'fido2-identity': token, cookie: 'theme=dark' });
    expect(kept.headers['content-security-policy']).toContain("default-src 'none'");
    expect(kept.text).toContain('Hello Alice &lt;b&gt;');
    expect(kept.text).toContain(demo.factVerified);
    expect(kept.text).toContain(demo.factCookie);
    const leaked = await call('/app', { 'fido2-identity': token, cookie: '__Host-fido2=a' });
    expect(leaked.text).toContain(demo.factCookieLeaked);
  });

  test('checks a token that is handed to it, and survives a body of any kind and size', async () => {
    const token = await tokenWith();
    const verify = async (body: string) => JSON.parse((await call('/app/verify', json, body)).text).verified;
    expect(await verify(JSON.stringify({ token }))).toBe(true);
    expect(await verify(JSON.stringify({ token: `${token}x` }))).toBe(false);
    expect(await verify('{')).toBe(false);
    expect(await verify(`"${'x'.repeat(1_000_000)}"`)).toBe(false);
  });

  test('its home is public, and nothing else is anywhere', async () => {
    expect((await call('/')).text).toContain(demo.homeTitle);
    expect((await call('/elsewhere')).status).toBe(404);
  });
});
