import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator, flag, type Tamper } from '../helpers/authenticator.ts';
import { enrol, invite, login, post } from '../helpers/client.ts';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';

describe.runIf(await needs('nginx'))('refused ceremonies', () => {
  let nginx: RunningNginx;
  let passkey: Authenticator;

  beforeAll(async () => {
    await buildCommand();
    nginx = await startNginx({
      settings: (port) => ({
        audit: { ceremonies: true },
        passkeys: { formats: ['none', 'packed'] },
        rp: { origins: [`http://localhost:${port}`], topOrigins: ['https://partner.example'] },
      }),
    });
    passkey = new Authenticator({ origin: nginx.origin, counterStep: 1 });
    await enrol(nginx, passkey, { user: 'ada' });
  });

  const log = (): string => join(nginx.data, 'ceremonies.log');
  const lines = (): string[] => (existsSync(log()) ? readFileSync(log(), 'utf8').trimEnd().split('\n') : []);
  const emptyLog = (text = ''): void => writeFileSync(log(), text);
  beforeEach(() => {
    if (existsSync(log())) emptyLog();
  });

  async function signIn(tamper: Tamper, { by = passkey, cookie = '', more = {} } = {}): Promise<number> {
    const options = await post(nginx, '/fido2/assertion/options', {});
    const response = by.get(options.json<RequestOptionsJSON>(), tamper);
    const sent = cookie === '' ? {} : { cookie };
    return (await post(nginx, '/fido2/assertion/result', { ...response, ...more }, sent)).status;
  }

  async function register(tamper: Tamper, by = new Authenticator({ origin: nginx.origin })): Promise<number> {
    const { code } = await invite(nginx, { user: 'bob' });
    const options = await post(nginx, '/fido2/attestation/options', { invite: code });
    return (await post(nginx, '/fido2/attestation/result', by.create(options.json<CreationOptionsJSON>(), tamper)))
      .status;
  }

  /** The guard that the audit log names, and the one that inspect names for the newest line. */
  async function guards(): Promise<{ audit: unknown; inspect: unknown }> {
    const { ref, code, step, outcome } = nginx.audit().at(-1) ?? {};
    expect(outcome).toBe('refused');
    const kept = lines().filter((line) => line.includes(`"ref":"${ref}"`));
    expect(kept).toHaveLength(1);
    const { stdout } = await ngxFido2(['inspect', '-', '--json'], { input: kept[0] ?? '' });
    const said = JSON.parse(stdout) as { code: string; step: string };
    return { audit: { code, step }, inspect: { code: said.code, step: said.step } };
  }

  it.each<[string, Tamper]>([
    ['7.2.10', { clientData: { type: 'webauthn.create' } }],
    ['7.2.12', { clientData: { origin: 'https://evil.example' } }],
    ['7.2.13', { clientData: { crossOrigin: true } }],
    ['7.2.14', { clientData: { crossOrigin: true, topOrigin: 'https://evil.example' } }],
    ['7.2.15', { rpId: 'evil.example' }],
    ['7.2.16', { flags: (flags) => flags & ~flag.userPresent }],
    ['7.2.17', { flags: (flags) => flags & ~flag.userVerified }],
    ['7.2.18', { flags: (flags) => flags | flag.backedUp }],
    ['7.2.19', { flags: (flags) => flags | flag.backupEligible }],
    ['7.2.21', { signature: (bytes) => bytes.map((byte, index) => (index === 10 ? byte ^ 1 : byte)) }],
    ['7.2.22', { signCount: 0 }],
  ])('at a sign-in by guard %s end at the same guard in inspect', async (step, tamper) => {
    expect(await signIn(tamper)).toBe(401);
    const { audit, inspect } = await guards();
    expect(audit).toMatchObject({ step });
    expect(inspect).toEqual(audit);
  });

  it('of a passkey that nobody has end at the same guard too', async () => {
    const stranger = new Authenticator({ origin: nginx.origin });
    const { code } = await invite(nginx, { user: 'eve' });
    const options = await post(nginx, '/fido2/attestation/options', { invite: code });
    stranger.create(options.json<CreationOptionsJSON>());
    expect(await signIn({}, { by: stranger })).toBe(401);
    const { audit, inspect } = await guards();
    expect(inspect).toEqual(audit);
  });

  it.each<[string, Tamper]>([
    ['7.1.9', { clientData: { origin: 'https://evil.example' } }],
    ['7.1.14', { rpId: 'evil.example' }],
    ['7.1.16', { flags: (flags) => flags & ~flag.userVerified }],
    ['7.1.20', { coseKey: (key) => new Map([...key, [3, -999]]) }],
    ['7.1.22', { statement: () => new Map([['x', 1]]) }],
  ])('at a registration by guard %s end at the same guard in inspect', async (step, tamper) => {
    expect(await register(tamper)).toBe(400);
    const { audit, inspect } = await guards();
    expect(audit).toMatchObject({ step });
    expect(inspect).toEqual(audit);
  });

  it('of a format that is not taken end at the same guard in inspect', async () => {
    const chip = new Authenticator({ origin: nginx.origin, attestation: 'tpm' });
    expect(await register({}, chip)).toBe(400);
    const { audit, inspect } = await guards();
    expect(audit).toEqual({ code: 'attestation_format_unknown', step: '7.1.21' });
    expect(inspect).toEqual(audit);
  });

  it('of a credential that is registered already end at the same guard in inspect', async () => {
    const [held] = passkey.credentials;
    expect(await register({ credentialId: held?.id ?? new Uint8Array() })).toBe(409);
    const { audit, inspect } = await guards();
    expect(audit).toMatchObject({ step: '7.1.26' });
    expect(inspect).toEqual(audit);
  });

  it('are a file that inspect reads line by line, which nobody else can read', async () => {
    for (const tamper of [{ rpId: 'evil.example' }, { clientData: { origin: 'null' } }]) await signIn(tamper);
    expect(statSync(log()).mode & 0o777).toBe(0o600);
    const { stdout } = await ngxFido2(['inspect', '--lines', log()]);
    const steps = stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { step: string }).step);
    expect(steps).toEqual(['7.2.15', '7.2.12']);
  });

  it('hold no cookie, no secret of an extension and nothing that a terminal acts on', async () => {
    const cookie = await login(nginx, passkey);
    const secret = 'c2VjcmV0IG9mIHRoZSBwZXJzb24';
    const clientExtensionResults = {
      prf: { enabled: true, results: { first: secret } },
      largeBlob: { blob: secret, supported: true },
      appid: false,
      'x\u009b\u2028': 'é',
    };
    const more = { return_to: `/${secret}`, password: secret };
    expect(await signIn({ rpId: 'evil.example', clientExtensionResults }, { cookie, more })).toBe(401);
    const text = readFileSync(log(), 'utf8');
    expect(text).not.toContain(cookie);
    expect(text).not.toContain(secret);
    expect(text).toMatch(/^[ -~]+\n$/);
    const { credential } = JSON.parse(text) as { credential: { clientExtensionResults: object } };
    expect(credential.clientExtensionResults).toEqual({
      prf: { enabled: true },
      largeBlob: { supported: true },
      appid: false,
      'x\u009b\u2028': 'é',
    });
  });

  it('are not kept where one is large or the file is full, which changes nothing for the client', async () => {
    const clientExtensionResults = { x: 'x'.repeat(40_000) };
    expect(await signIn({ rpId: 'evil.example', clientExtensionResults })).toBe(401);
    expect(lines().join('')).toBe('');
    const full = `${'x'.repeat(4 * 1024 * 1024 - 100)}\n`;
    emptyLog(full);
    expect(await signIn({ rpId: 'evil.example' })).toBe(401);
    expect(statSync(log()).size).toBe(full.length);
    expect(nginx.errorLog()).toMatch(/ceremony of \d+ bytes is not kept/);
    expect(nginx.errorLog()).toMatch(/is full/);
  });

  it('are not kept where nobody asked for it', async () => {
    nginx.writeSettings({ rp: { origins: [nginx.origin] }, store: { path: nginx.data }, policies: { user: {} } });
    await nginx.reload();
    expect(await signIn({ rpId: 'evil.example' })).toBe(401);
    expect(nginx.audit().at(-1)).toMatchObject({ outcome: 'refused', step: '7.2.15' });
    expect(lines().join('')).toBe('');
  });
});
