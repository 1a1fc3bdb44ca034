import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator, flag, type Tamper } from '../helpers/authenticator.ts';
import { type Answer, enrol, invite, loginAnswer, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { waitFor } from '../helpers/wait-for.ts';

describe.runIf(await needs('nginx'))('a passkey made without a prompt', () => {
  const unseen = { flags: (flags: number) => flags & ~(flag.userPresent | flag.userVerified) };
  const conditional = { mediation: 'conditional' };
  let nginx: RunningNginx;
  let cookie: string;

  async function add(body: object, tamper: Tamper): Promise<Answer> {
    const options = await post(nginx, '/fido2/attestation/options', body, { cookie });
    const made = new Authenticator({ origin: nginx.origin }).create(options.json<CreationOptionsJSON>(), tamper);
    return post(nginx, '/fido2/attestation/result', made, { cookie });
  }

  beforeAll(async () => {
    nginx = await startNginx({ settings: { passkeys: { conditionalCreate: true } } });
    ({ cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' }));
  });

  it('is taken where it was asked for so, and nowhere else', async () => {
    expect((await add(conditional, unseen)).status).toBe(201);
    const refused = await add({}, unseen);
    expect([refused.status, refused.json().code]).toEqual([400, 'user_presence_missing']);
  });

  it('signs in only when its holder is verified', async () => {
    const passkey = new Authenticator({ origin: nginx.origin });
    const options = await post(nginx, '/fido2/attestation/options', conditional, { cookie });
    expect(options.json()).toMatchObject({ authenticatorSelection: { userVerification: 'preferred' } });
    const made = passkey.create(options.json<CreationOptionsJSON>(), unseen);
    expect((await post(nginx, '/fido2/attestation/result', made, { cookie })).status).toBe(201);
    expect((await loginAnswer(nginx, passkey, { tamper: unseen })).status).toBe(401);
    expect((await loginAnswer(nginx, passkey)).status).toBe(200);
  });

  it('is for sessions, never for an invite', async () => {
    const { code } = await invite(nginx, { user: 'eve' });
    const answer = await post(nginx, '/fido2/attestation/options', { invite: code, ...conditional });
    expect([answer.status, answer.json().code]).toEqual([400, 'malformed']);
  });

  it('is refused by a site that does not want it', async () => {
    const settings = JSON.parse(readFileSync(join(nginx.folder, 'fido2.json'), 'utf8'));
    nginx.writeSettings({ ...settings, passkeys: {} });
    await nginx.reload();
    const refused = async (): Promise<boolean> =>
      (await post(nginx, '/fido2/attestation/options', conditional, { cookie })).status === 400;
    await waitFor(refused, 'the settings to be in force');
  });
});
