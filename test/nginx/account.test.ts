import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { addPasskey } from '../helpers/ceremonies.ts';
import { type Enrolment, enrol, get, login, loginAnswer, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readUser } from '../helpers/records.ts';
import { sessionOf } from '../helpers/session.ts';

interface State {
  readonly user: { readonly name: string };
  readonly credentials: readonly { readonly id: string; readonly name: string; readonly current: boolean }[];
  readonly sessions: readonly { readonly sid: string; readonly current: boolean; readonly address: string }[];
  readonly fresh: boolean;
}

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)('account, contexts %s', (contexts) => {
  let nginx: RunningNginx;
  let mallory: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({ contexts, workers: 2 });
    mallory = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'mallory' });
  });

  async function newcomer(user: string): Promise<Enrolment & { passkey: Authenticator }> {
    const passkey = new Authenticator({ origin: nginx.origin });
    return { ...(await enrol(nginx, passkey, { user })), passkey };
  }

  async function stateOf(cookie: string): Promise<State> {
    const answer = await get(nginx, '/fido2/account/state', { cookie });
    expect(answer.status).toBe(200);
    return answer.json<State>();
  }

  const statusOf = async (cookie: string): Promise<number> => (await get(nginx, '/fido2/session', { cookie })).status;

  it('shows the user’s own keys and sessions', async () => {
    const { cookie, credentialId, passkey } = await newcomer('ada');
    await login(nginx, passkey);
    const state = await stateOf(cookie);
    expect(state).toMatchObject({ user: { name: 'ada' }, fresh: true });
    expect(state.credentials).toEqual([expect.objectContaining({ id: credentialId, name: 'Passkey', current: true })]);
    expect(state.sessions.map(({ current }) => current).sort()).toEqual([false, true]);
    expect(state.sessions.every(({ address }) => address === '127.0.0.1')).toBe(true);
    expect(JSON.stringify(state)).not.toMatch(/publicKey|signCount/);
    expect((await get(nginx, '/fido2/account/state')).status).toBe(401);
  });

  it('renames a key, the user’s own alone', async () => {
    const { cookie, credentialId } = await newcomer('names-keys');
    const rename = (id: string, name: unknown) => post(nginx, '/fido2/account/rename', { id, name }, { cookie });
    expect((await rename(credentialId, 'Blue key')).status).toBe(204);
    expect((await stateOf(cookie)).credentials[0]?.name).toBe('Blue key');
    expect(nginx.audit().at(-1)).toMatchObject({ event: 'credential_renamed', credential: credentialId });
    expect((await rename(mallory.credentialId, 'Mine')).status).toBe(404);
    expect((await rename(credentialId, 7)).status).toBe(400);
    expect((await rename(credentialId, 'a\u0000b')).status).toBe(400);
    expect((await readUser(nginx, 'mallory')).credentials[0]?.name).toBe('Passkey');
  });

  it('removes a key with the sessions that it started, and only for a fresh session', async () => {
    const { cookie, credentialId, userId, passkey } = await newcomer('removes-keys');
    const second = new Authenticator({ origin: nginx.origin });
    const secondId = await addPasskey(nginx, second, cookie);
    const started = await login(nginx, second);
    const remove = (id: string, as: string) => post(nginx, '/fido2/account/remove', { id }, { cookie: as });
    const { cookie: old } = await sessionOf(nginx, { userId, credentialId }, { age: 301_000 });
    const refused = await remove(secondId, old);
    expect([refused.status, refused.json().code]).toEqual([401, 'step_up_required']);
    expect((await remove(mallory.credentialId, cookie)).status).toBe(404);
    expect((await remove(secondId, cookie)).status).toBe(204);
    expect(await statusOf(started)).toBe(401);
    expect(await statusOf(cookie)).toBe(200);
    expect((await loginAnswer(nginx, second)).status).toBe(401);
    await login(nginx, passkey);
    const third = new Authenticator({ origin: nginx.origin });
    const thirdId = await addPasskey(nginx, third, cookie);
    const before = await login(nginx, third);
    const after = await login(nginx, passkey, { cookie: before, policy: 'user' });
    expect([await statusOf(before), await statusOf(after)]).toEqual([200, 200]);
    expect((await remove(thirdId, after)).status).toBe(204);
    expect([await statusOf(before), await statusOf(after)]).toEqual([401, 200]);
    expect((await readUser(nginx, 'removes-keys')).credentials.map(({ id }) => id)).toEqual([credentialId]);
    expect(await statusOf(mallory.cookie)).toBe(200);
  });

  it('ends one other session, or all others, and never another user’s', async () => {
    const { cookie, passkey } = await newcomer('ends-sessions');
    const [one, two, three] = [await login(nginx, passkey), await login(nginx, passkey), await login(nginx, passkey)];
    const sidOf = async (each: string) => (await get(nginx, '/fido2/session', { cookie: each })).json().sid;
    const end = (body: object) => post(nginx, '/fido2/account/end-session', body, { cookie });
    expect((await end({ sid: await sidOf(one) })).status).toBe(204);
    expect(await Promise.all([one, two, three, cookie].map(statusOf))).toEqual([401, 200, 200, 200]);
    await end({ sid: await sidOf(mallory.cookie) });
    expect(await statusOf(mallory.cookie)).toBe(200);
    expect((await end({ others: true })).status).toBe(204);
    expect(await Promise.all([two, three, cookie, mallory.cookie].map(statusOf))).toEqual([401, 401, 200, 200]);
    expect((await end({})).status).toBe(400);
  });
});
