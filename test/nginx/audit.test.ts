import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, invite, login, loginAnswer, post, raw } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)('audit, contexts %s', (contexts) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, contexts, workers: 2 });
    passkey = new Authenticator({ origin: nginx.origin });
  });

  function last(): Record<string, unknown> {
    return nginx.audit().at(-1) ?? {};
  }

  const common = {
    v: 1,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    ref: expect.stringMatching(/^[0-9a-f]{8}$/),
    address: '127.0.0.1',
  };

  it('has one line for each ceremony, with user and key', async () => {
    const { userId, credentialId, cookie } = await enrol(nginx, passkey, { user: 'ada' });
    const who = { ...common, user: userId, account: 'ada' };
    expect(last()).toEqual({ ...who, event: 'registration', outcome: 'done', credential: credentialId });
    const count = nginx.audit().length;
    const signedIn = await login(nginx, passkey);
    const { sid: session } = (await get(nginx, '/fido2/session', { cookie: signedIn })).json();
    expect(last()).toEqual({ ...who, event: 'login', outcome: 'done', credential: credentialId, session });
    const confirmed = await login(nginx, passkey, { cookie: signedIn, policy: 'admin' });
    expect(last()).toEqual({ ...who, event: 'step_up', outcome: 'done', credential: credentialId, session });
    await post(nginx, '/fido2/logout', {}, { cookie: confirmed });
    expect(last()).toEqual({ ...who, event: 'logout', outcome: 'done', session });
    expect(nginx.audit().length).toBe(count + 3);
    expect((await get(nginx, '/fido2/session', { cookie })).status).toBe(200);
  });

  it('has one for each refused ceremony, with the guard and the reference that the client got', async () => {
    const { code } = await invite(nginx, { user: 'grace' });
    const options = (await post(nginx, '/fido2/attestation/options', { invite: code })).json<CreationOptionsJSON>();
    const wrong = passkey.create(options, { clientData: { origin: 'https://evil.example' } });
    const registration = await post(nginx, '/fido2/attestation/result', wrong);
    expect(last()).toMatchObject({
      ...common,
      ref: registration.json().ref,
      event: 'registration',
      outcome: 'refused',
      code: 'origin_mismatch',
      step: '7.1.9',
      account: 'grace',
    });
    const refused = await loginAnswer(nginx, passkey, { tamper: { clientData: { type: 'webauthn.create' } } });
    expect(last()).toMatchObject({
      ref: refused.json().ref,
      event: 'login',
      outcome: 'refused',
      code: 'type_mismatch',
    });
  });

  it('has one for each refused decision', async () => {
    const { cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'mallory' });
    for (const repeat of [1, 2]) {
      const answer = await get(nginx, `/admin/x?${repeat}`, { cookie });
      expect(last()).toMatchObject({
        ...common,
        ref: answer.json().ref,
        event: 'decision',
        outcome: 'refused',
        code: 'not_allowed',
        account: 'mallory',
        policy: 'admin',
        target: `/admin/x?${repeat}`,
      });
    }
    const nobody = await get(nginx, '/app/y');
    expect(last()).toMatchObject({
      ref: nobody.json().ref,
      event: 'decision',
      code: 'session_required',
      target: '/app/y',
    });
  });

  it('belongs to the workers alone', () => {
    const { mode, uid } = statSync(join(nginx.data, 'audit.log'));
    expect(mode & 0o777).toBe(0o600);
    expect(uid).toBe(nginx.owner.uid);
  });

  it('holds no line that a client wrote, nor a control character', async () => {
    const forged = '{"v":1,"event":"login","outcome":"done","account":"forged"}';
    const before = nginx.audit().length;
    const encoded = encodeURIComponent(`\r\n${forged}`);
    await get(nginx, `/app/${encoded}`, { headers: { 'User-Agent': forged, Referer: forged } });
    await get(nginx, `/app/?${encodeURIComponent('\u2028\u0007')}${'x'.repeat(3000)}`);
    for (const path of ['/app/\n', '/app/\u001b[2J', `/app/"${forged.replaceAll(' ', '')}`]) {
      await raw(nginx, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    }
    const odd = `Host: localhost:${nginx.port}\r\nOrigin: \u001b[31m${forged}\r\nContent-Type: \u001b[2J`;
    const head = `POST /fido2/assertion/options HTTP/1.1\r\n${odd}\r\nContent-Length: 2\r\nConnection: close\r\n`;
    expect(await raw(nginx, `${head}\r\n{}`)).toMatch(/^HTTP\/1\.1 403 /);
    await post(nginx, '/fido2/attestation/options', { invite: `\r\n${forged}` });
    await post(nginx, '/fido2/assertion/result', { id: `\u001b\r\n${forged}` });
    const lines = readFileSync(join(nginx.data, 'audit.log'), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(before);
    for (const line of lines) {
      expect(JSON.parse(line).account).not.toBe('forged');
      expect([...line].every((character) => character >= ' ' && character !== '\u2028')).toBe(true);
      expect(line.length).toBeLessThan(1500);
    }
    // nginx itself writes what is no HTTP as it came; what is ours is one clean line each
    const ours = nginx
      .errorLog()
      .split('\n')
      .filter((line) => line.includes(' js: '));
    expect(ours.length).toBeGreaterThan(3);
    for (const line of ours) {
      expect(line).toMatch(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[\w+\] [\d#]+: (\*\d+ )?js: fido2: /);
      expect([...line].every((character) => character >= ' ')).toBe(true);
    }
    expect(
      nginx
        .errorLog()
        .split('\n')
        .filter((line) => line.startsWith('{')),
    ).toEqual([]);
  });

  it('holds no secret, and neither does the error log', async () => {
    const own = new Authenticator({ origin: nginx.origin });
    const { code } = await invite(nginx, { user: 'secretive' });
    const options = (await post(nginx, '/fido2/attestation/options', { invite: code })).json<CreationOptionsJSON>();
    const refused = own.create(options, { rpId: 'evil.example' });
    await post(nginx, '/fido2/attestation/result', refused);
    await post(nginx, '/fido2/attestation/options', { invite: `${code}x` });
    const { cookie, invite: used } = await enrol(nginx, own, { user: 'secretive-too' });
    const again = await login(nginx, own, { cookie, policy: 'user' });
    await get(nginx, '/app/', { cookie: again });
    await get(nginx, '/admin/', { cookie: again });
    const token = upstream.last().header('fido2-identity') ?? '';
    const written = `${readFileSync(join(nginx.data, 'audit.log'), 'utf8')}${nginx.errorLog()}`;
    for (const secret of [code, used, cookie, again, token, options.challenge]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(written).not.toContain(secret);
      expect(written).not.toContain(secret.slice(-43));
    }
  });
});
