import { beforeAll, describe, expect, it } from 'vitest';
import { type AttestationName, Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, loginAnswer } from '../helpers/client.ts';
import { type AlgorithmName, coseAlgorithms } from '../helpers/credential-keys.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readUser } from '../helpers/records.ts';

const variants = [
  { crypto: 'auto', contexts: 'reused' },
  { crypto: 'portable', contexts: 'reused' },
  { crypto: 'auto', contexts: 'fresh' },
  { crypto: 'portable', contexts: 'fresh' },
] as const;

const algorithms: readonly AlgorithmName[] = ['ES256', 'EdDSA', 'RS256'];
const attestations: readonly AttestationName[] = ['none', 'packed-self', 'packed-x5c'];
const kinds = algorithms.flatMap((algorithm) => attestations.map((attestation) => ({ algorithm, attestation })));

describe.runIf(await needs('nginx')).each(variants)('ceremonies with $crypto crypto, contexts $contexts', (variant) => {
  let nginx: RunningNginx;

  beforeAll(async () => {
    nginx = await startNginx({ ...variant, workers: 2 });
  });

  describe.each(kinds)('$algorithm, attestation $attestation', ({ algorithm, attestation }) => {
    const user = `${algorithm}-${attestation}`.toLowerCase();
    let passkey: Authenticator;
    let enrolment: Enrolment;

    beforeAll(async () => {
      passkey = new Authenticator({ origin: nginx.origin, algorithm, attestation });
      enrolment = await enrol(nginx, passkey, { user });
    });

    it('enrols', async () => {
      const { credentials } = await readUser(nginx, user);
      expect(credentials).toHaveLength(1);
      expect(credentials[0]).toMatchObject({
        id: enrolment.credentialId,
        algorithm: coseAlgorithms[algorithm],
        format: attestation === 'none' ? 'none' : 'packed',
      });
      expect((await get(nginx, '/fido2/session', { cookie: enrolment.cookie })).json().user).toBe(user);
    });

    it('signs in without a name and confirms again', async () => {
      const cookie = await login(nginx, passkey);
      expect((await get(nginx, '/fido2/session', { cookie })).json().user).toBe(user);
      const confirmed = await login(nginx, passkey, { cookie, policy: 'admin' });
      expect(confirmed).not.toBe(cookie);
      const [before, after] = await Promise.all(
        [cookie, confirmed].map(async (each) => (await get(nginx, '/fido2/session', { cookie: each })).json()),
      );
      expect(after?.sid).toBe(before?.sid);
    });

    it('refuses a signature with one bit changed', async () => {
      const flip = (bytes: Uint8Array): Uint8Array => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
      const answer = await loginAnswer(nginx, passkey, { tamper: { signature: flip } });
      expect([answer.status, answer.json().code]).toEqual([401, 'authentication_failed']);
      expect(nginx.audit().at(-1)).toMatchObject({ event: 'login', outcome: 'refused', code: 'signature_invalid' });
    });
  });
});
