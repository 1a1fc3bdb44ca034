import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, login, loginAnswer } from '../helpers/client.ts';
import { coseAlgorithms } from '../helpers/credential-keys.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readUser } from '../helpers/records.ts';

const algorithms = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'] as const;

describe.runIf(await needs('nginx'))('ML-DSA where the settings offer it', () => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    nginx = await startNginx({ settings: { passkeys: { algorithms: [-48, -49, -50, -7] } } });
  });

  it.each(algorithms)('%s enrols and signs in', async (algorithm) => {
    const passkey = new Authenticator({ origin: nginx.origin, algorithm, attestation: 'packed-self' });
    const user = algorithm.toLowerCase();
    await enrol(nginx, passkey, { user });
    expect((await readUser(nginx, user)).credentials).toMatchObject([{ algorithm: coseAlgorithms[algorithm] }]);
    const cookie = await login(nginx, passkey);
    expect((await get(nginx, '/fido2/session', { cookie })).json().user).toBe(user);
  });

  it('refuses a signature with one bit changed', async () => {
    const passkey = new Authenticator({ origin: nginx.origin, algorithm: 'ML-DSA-44' });
    await enrol(nginx, passkey, { user: 'forged' });
    const flip = (bytes: Uint8Array): Uint8Array => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
    expect((await loginAnswer(nginx, passkey, { tamper: { signature: flip } })).status).toBe(401);
    expect(nginx.audit().at(-1)).toMatchObject({ outcome: 'refused', code: 'signature_invalid' });
  });

  it('tells a crowd to come again, and keeps others waiting for none of it', async () => {
    const passkey = new Authenticator({ origin: nginx.origin, algorithm: 'ML-DSA-44' });
    await enrol(nginx, passkey, { user: 'crowd' });
    const other = new Authenticator({ origin: nginx.origin });
    await enrol(nginx, other, { user: 'other' });
    const crowd = Array.from({ length: 12 }, () => loginAnswer(nginx, passkey, { tamper: { signCount: 9 } }));
    await login(nginx, other);
    const answers = await Promise.all(crowd);
    const busy = answers.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    expect(busy[0]?.json().code).toBe('overloaded');
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
  });
});
