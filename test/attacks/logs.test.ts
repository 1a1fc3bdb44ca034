import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, invite, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream } from '../helpers/upstream.ts';
import { sendRaw } from './raw-request.ts';

/** Forges a line, clears a terminal, turns the text round, is not even UTF-8. */
const hostile =
  '\r\n{"event":"login","outcome":"done","user":"forged"}\x1b[2J\u202e\u2066\u200f\u009b1m\u2028\u0000\ufeff';
/** The same as bytes of a header or a target, without what HTTP itself refuses. */
const headerBytes = Buffer.from('\x1b[2J\u202e\u2066\u200f\u009b1m\u2028"}\\', 'utf8').toString('latin1');
const targetBytes = `${Buffer.from('\u202e\u2066\u009b\u2028"}\\', 'utf8').toString('latin1')}\xff`;

/** Controls, formats, separators; broken UTF-8 stands there as U+FFFD. */
const unprintable = /[^\P{C}\n]|[\p{Zl}\p{Zp}]/u;

describe.runIf(await needs('nginx'))('case 33: what a client sends in a log', () => {
  let nginx: RunningNginx;
  let passkey: Authenticator;

  beforeAll(async () => {
    nginx = await startNginx({ upstream: await startUpstream() });
    passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
    await enrol(nginx, passkey, { user: 'ada' });
  });

  /** What the audit log and our own lines of the error log grew by. */
  async function logged(work: () => Promise<unknown>): Promise<{ audit: string[]; ours: string }> {
    const path = join(nginx.data, 'audit.log');
    const [audit, error] = [readFileSync(path).length, nginx.errorLog().length];
    await work();
    const lines = readFileSync(path).subarray(audit).toString('utf8').split('\n');
    expect(lines.pop()).toBe('');
    const ours = nginx
      .errorLog()
      .slice(error)
      .split('\n')
      .filter((line) => line.includes('fido2: '));
    return { audit: lines, ours: ours.join('\n') };
  }

  function expectHarmless({ audit, ours }: { audit: string[]; ours: string }): void {
    for (const line of audit) {
      expect(line).not.toMatch(unprintable);
      const entry = JSON.parse(line) as Record<string, unknown>;
      expect(entry.user).not.toBe('forged');
      for (const value of Object.values(entry)) expect(String(value).length).toBeLessThanOrEqual(2_000);
    }
    expect(ours).not.toMatch(unprintable);
  }

  it('case 33: the target and headers of a refused decision', async () => {
    const headers = ['User-Agent', 'Referer', 'X-Forwarded-For', 'Accept', 'Sec-Fetch-Mode', 'Cookie'];
    const seen = await logged(async () => {
      await sendRaw(nginx, {
        target: `/app/${targetBytes}?${targetBytes}`,
        lines: headers.map((h) => `${h}: ${headerBytes}`),
      });
      await sendRaw(nginx, { target: `/app/${'%0d%0a%1b'.repeat(100)}` });
    });
    expect(seen.audit.length).toBe(2);
    expectHarmless(seen);
  });

  it('case 33: the Origin of an upgrade, and the one of a POST', async () => {
    const cookie = await login(nginx, passkey);
    const upgrade = ['Upgrade: websocket', 'Connection: upgrade', `Origin: ${headerBytes}`];
    const seen = await logged(async () => {
      expect((await sendRaw(nginx, { target: '/app/x', lines: upgrade, cookie })).status).toBe(403);
      const lines = [`Origin: ${headerBytes}`, 'Content-Length: 0'];
      expect((await sendRaw(nginx, { method: 'POST', target: '/fido2/logout', lines })).status).toBe(403);
      const type = [`Content-Type: ${headerBytes}`, 'Content-Length: 0'];
      expect((await sendRaw(nginx, { method: 'POST', target: '/fido2/assertion/options', lines: type })).status).toBe(
        415,
      );
      expect((await sendRaw(nginx, { target: `/fido2/${targetBytes}` })).status).toBe(404);
    });
    expect(seen.audit.length).toBe(1);
    expect(seen.ours).toContain('cross_origin');
    expectHarmless(seen);
  });

  it('case 33: every text of an assertion', async () => {
    const cookie = await login(nginx, passkey);
    const seen = await logged(async () => {
      const options = (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
      const good = passkey.get(options);
      const changes: object[] = [
        { id: hostile, rawId: hostile },
        { type: hostile },
        { response: { ...good.response, userHandle: hostile } },
        { response: { ...good.response, signature: hostile } },
        { response: { ...good.response, clientDataJSON: hostile } },
        passkey.get(options, { clientData: { origin: hostile } }),
        passkey.get(options, { clientData: { type: hostile } }),
        passkey.get(options, { clientData: { challenge: hostile } }),
        passkey.get(options, { clientData: { topOrigin: hostile, crossOrigin: true } }),
        passkey.get(options, { clientDataJSON: () => Buffer.from(hostile) }),
        passkey.get(options, { rpId: hostile }),
        { return_to: hostile, id: hostile },
      ];
      for (const change of changes) {
        const { status } = await post(nginx, '/fido2/assertion/result', { ...good, ...change }, { cookie });
        expect([400, 401]).toContain(status);
      }
    });
    expectHarmless(seen);
  });

  it('case 33: names, identifiers and codes', async () => {
    const cookie = await login(nginx, passkey);
    const { code } = await invite(nginx, { user: 'bob' });
    const seen = await logged(async () => {
      for (const [path, body] of [
        ['/fido2/account/rename', { id: hostile, name: hostile }],
        ['/fido2/account/rename', { id: 'AAAA', name: hostile }],
        ['/fido2/account/remove', { id: hostile }],
        ['/fido2/account/end-session', { sid: hostile }],
        ['/fido2/attestation/options', { invite: hostile }],
        ['/fido2/assertion/options', { policy: hostile, username: hostile }],
        ['/fido2/attestation/result', { id: code, name: hostile }],
      ] as const) {
        await post(nginx, path, body, { cookie });
      }
      await get(nginx, `/fido2/login?return_to=${encodeURIComponent(hostile)}`, { cookie });
      await get(nginx, `/fido2/${encodeURIComponent(hostile.replaceAll('\0', ''))}`, { cookie });
    });
    expectHarmless(seen);
    expect(seen.audit.join('')).not.toContain(code);
    expect(seen.ours).not.toContain(code);
  });
});
