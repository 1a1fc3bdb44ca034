import { beforeAll, describe, expect, it } from 'vitest';
import { nodeRandom, nodeSubtle } from '../../src/cli/runtime.ts';
import { type ChallengePurpose, makeChallenge, openChallenge } from '../../src/identity/challenge.ts';
import { deriveMacKeys, ensureMacRing, type MacKeys } from '../../src/identity/mac-keys.ts';
import { cookieOf, openCookie } from '../../src/identity/session.ts';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, invite, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { reached } from './reached.ts';

/** The ring with the keys of the two uses exchanged. */
function exchanged({ current, find }: MacKeys): MacKeys {
  return { current, find: (label, id) => find(label === 'cookie' ? 'challenge' : 'cookie', id) };
}

describe.runIf(await needs('nginx'))('case 33: a value made for one use tried for another', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;
  let keys: MacKeys;
  let values: Readonly<Record<'cookie' | 'invite' | 'token' | ChallengePurpose, string>>;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, settings: { passkeys: { conditionalCreate: true } } });
    passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
    ada = await enrol(nginx, passkey, { user: 'ada' });
    keys = await deriveMacKeys(nodeSubtle, (await ensureMacRing(nginx.ports)).value);
    const cookie = await login(nginx, passkey);
    const { code } = await invite(nginx, { user: 'bob' });
    const asked = async (ceremony: string, body: object, held?: string) =>
      (await post(nginx, `/fido2/${ceremony}/options`, body, { cookie: held })).json<{ challenge: string }>().challenge;
    await get(nginx, '/app/', { cookie });
    values = {
      cookie,
      invite: code,
      token: upstream.last().header('fido2-identity') ?? '',
      login: await asked('assertion', {}),
      step_up: await asked('assertion', { policy: 'user' }, cookie),
      enrol: await asked('attestation', { invite: code }),
      add: await asked('attestation', {}, cookie),
      add_conditional: await asked('attestation', { mediation: 'conditional' }, cookie),
    };
  });

  const challenges = ['login', 'step_up', 'enrol', 'add', 'add_conditional'] as const;

  it.each([...challenges, 'invite', 'token'] as const)('case 33: a %s is no cookie', async (name) => {
    for (const value of [values[name], values[name].padEnd(110, 'A').slice(0, 190)]) {
      for (const path of ['/app/', '/fido2/session']) {
        const { result, arrived } = await reached(upstream, () => get(nginx, path, { cookie: value }));
        expect([name, path, result.status, arrived]).toEqual([name, path, 401, []]);
      }
    }
  });

  it.each(['cookie', 'step_up', 'enrol', 'add', 'invite', 'token'] as const)(
    'case 33: a %s is no challenge of a login',
    async (name) => {
      const response = passkey.get({ ...(await loginOptions()), challenge: values[name] });
      const answer = await post(nginx, '/fido2/assertion/result', response);
      expect([answer.status, answer.setCookie]).toEqual([401, []]);
    },
  );

  it.each(['cookie', 'login', 'step_up', 'invite', 'token'] as const)(
    'case 33: a %s is no challenge of a registration',
    async (name) => {
      const { code } = await invite(nginx, { user: 'carol' });
      const options = (await post(nginx, '/fido2/attestation/options', { invite: code })).json<CreationOptionsJSON>();
      const response = new Authenticator({ origin: nginx.origin }).create({ ...options, challenge: values[name] });
      for (const cookie of [undefined, values.cookie]) {
        const answer = await post(nginx, '/fido2/attestation/result', response, { cookie });
        expect([answer.status, answer.setCookie]).toEqual([400, []]);
      }
    },
  );

  it.each([...challenges, 'cookie', 'token'] as const)('case 33: a %s is no invite', async (name) => {
    for (const code of [values[name], values[name].slice(0, 27)]) {
      expect((await post(nginx, '/fido2/attestation/options', { invite: code })).json().code).toBe('invite_invalid');
    }
  });

  it('case 33: a cookie under the key of challenges is none, under its own it is one', async () => {
    const opened = await openCookie(keys, values.cookie);
    if (opened === null) throw new Error('not a cookie');
    const session = { id: opened.session, user: opened.user };
    expect(await cookieOf(keys, session, opened.authentication)).toBe(values.cookie);
    const forged = await cookieOf(exchanged(keys), session, opened.authentication);
    const { result, arrived } = await reached(upstream, () => get(nginx, '/app/', { cookie: forged }));
    expect([result.status, arrived]).toEqual([401, []]);
    expect((await get(nginx, '/fido2/session', { cookie: forged })).json().code).toBe('session_required');
  });

  it('case 33: a challenge under the key of cookies is none, under its own it is one', async () => {
    const now = Date.now();
    const context = { keys, origin: nginx.origin, bootId: 'boot' };
    const made = { purpose: 'login', subject: '', expires: now + 60_000 } as const;
    const forged = await makeChallenge({ ...context, keys: exchanged(keys) }, nodeRandom, made);
    await expect(openChallenge(context, forged, now)).rejects.toMatchObject({ code: 'challenge_invalid' });
    const good = await makeChallenge(context, nodeRandom, made);
    await expect(openChallenge(context, good, now)).resolves.toMatchObject({ purpose: 'login' });
  });

  it('case 33: what was tried is still good for its own use', async () => {
    expect((await get(nginx, '/app/', { cookie: values.cookie })).status).toBe(200);
    const response = passkey.get({ ...(await loginOptions()), challenge: values.login });
    expect((await post(nginx, '/fido2/assertion/result', response)).status).toBe(200);
    expect((await post(nginx, '/fido2/attestation/options', { invite: values.invite })).status).toBe(200);
    expect(ada.cookie).not.toBe(values.cookie);
  });

  async function loginOptions(): Promise<RequestOptionsJSON> {
    return (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
  }
});
