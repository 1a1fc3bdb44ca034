import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, login } from '../helpers/client.ts';
import { buildCommand, makeInstallation, ngxFido2, type Trial } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

let trial: Trial;
const on = (...args: string[]) => ngxFido2([...args, '--data', trial.data]);
const json = async (...args: string[]) => JSON.parse((await on(...args, '--json')).stdout);

beforeAll(async () => {
  await buildCommand();
  trial = makeInstallation();
});
afterAll(() => trial.remove());

describe('token keys', () => {
  test('that are not there yet are a failure with a hint', async () => {
    for (const args of [['jwks'], ['keys', 'revoke', '--current']]) {
      const { status, stderr } = await on(...args);
      expect([args, status]).toEqual([args, 1]);
      expect(stderr).toContain('first start');
    }
  });

  test('revoke takes a key out of the set, at once and for good, and says so to the audit', async () => {
    await on('keys', 'rotate');
    await on('keys', 'rotate');
    const { keys } = await json('jwks');
    const current = (await json('keys', 'list')).signing.find((key: { state: string }) => key.state === 'signs').kid;
    expect(keys).toContainEqual(expect.objectContaining({ kid: current, alg: 'ES256', use: 'sig' }));
    expect(JSON.stringify(keys)).not.toContain('"d"');
    const { revoked, signs } = await json('keys', 'revoke', '--current');
    expect(revoked).toEqual([current]);
    expect((await json('jwks')).keys.map(({ kid }: { kid: string }) => kid)).not.toContain(current);
    expect((await json('keys', 'list')).signing).toContainEqual(
      expect.objectContaining({ kid: signs, state: 'signs', publishedUntil: expect.any(String) }),
    );
    expect(readFileSync(join(trial.data, 'store/audit.log'), 'utf8')).toContain('keys_revoke');
    expect((await on('keys', 'revoke', current)).status).toBe(1);
    expect((await json('keys', 'revoke', '--all')).revoked).toContain(signs);
    expect((await json('jwks')).keys).toHaveLength(1);
  });
});

describe.runIf(await needs('nginx'))('before a running nginx', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let cookie: string;
  const keys = (...args: string[]) => ngxFido2(['keys', ...args, '--config', join(nginx.folder, 'fido2.json')]);
  const published = async () => (await get(nginx, '/fido2/jwks.json')).json<JSONWebKeySet>().keys.map(({ kid }) => kid);
  const status = async () => (await get(nginx, '/app/', { cookie })).status;
  const signer = async (): Promise<string | undefined> => {
    expect(await status()).toBe(200);
    return decodeProtectedHeader(upstream.last().header('fido2-identity') ?? '').kid;
  };

  beforeAll(async () => {
    upstream = await startUpstream();
    const settings = { identity: { ttl: '300s', refresh: '270s' } };
    nginx = await startNginx({ upstream, workers: 2, settings });
    passkey = new Authenticator({ origin: nginx.origin });
    ({ cookie } = await enrol(nginx, passkey, { user: 'ada' }));
  });

  test('rotate publishes the next key, and the first goes on signing', async () => {
    const first = await signer();
    expect((await keys('rotate')).status).toBe(0);
    await expect.poll(published, { timeout: 10_000 }).toHaveLength(2);
    expect([(await published())[0], await signer()]).toEqual([first, first]);
  });

  test('revoke --current empties the gate’s memory of tokens, and nobody has to sign in again', async () => {
    const revoked = await signer();
    expect((await keys('revoke', '--current')).status).toBe(0);
    await expect.poll(signer, { timeout: 10_000 }).not.toBe(revoked);
    expect(await published()).not.toContain(revoked);
    expect(await published()).toContain(await signer());
  });

  test('rotate --mac keeps people signed in, and with --now signs everybody out', async () => {
    expect((await keys('rotate', '--mac')).status).toBe(0);
    expect(await status()).toBe(200);
    expect((await keys('rotate', '--mac', '--now')).status).toBe(0);
    await expect.poll(status, { timeout: 10_000 }).toBe(401);
    cookie = await login(nginx, passkey);
    expect(await status()).toBe(200);
  });
});
