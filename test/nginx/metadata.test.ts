import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { importMetadata, removeMetadata } from '../../src/identity/metadata-import.ts';
import type { MetadataEntry } from '../../src/protocol/metadata-entry.ts';
import type { CreationOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator, type AuthenticatorOptions } from '../helpers/authenticator.ts';
import { addPasskey } from '../helpers/ceremonies.ts';
import { type CertificateAuthority, createAuthority } from '../helpers/certificates.ts';
import { type Answer, enrol, get, invite, login, loginAnswer, post } from '../helpers/client.ts';
import { askInternal } from '../helpers/internal.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { uuidOf } from '../helpers/pem.ts';
import { readUser } from '../helpers/records.ts';
import { startUpstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { blob, entry, report } from '../identity/metadata-entries.ts';

const hasNginx = await needs('nginx');

interface Maker {
  readonly authority: CertificateAuthority;
  readonly aaguid: Uint8Array;
}

function maker(name: string): Maker {
  return { authority: createAuthority(name), aaguid: randomBytes(16) };
}

function modelBy({ authority, aaguid }: Maker, ...more: MetadataEntry['statusReports']): MetadataEntry {
  const statusReports = [report('FIDO_CERTIFIED_L1', '2020-01-01'), ...more];
  return entry({ aaguid: uuidOf(aaguid), anchors: [authority.certificate], statusReports });
}

async function registrationBy(nginx: RunningNginx, user: string, passkey: Authenticator): Promise<Answer> {
  const { code } = await invite(nginx, { user });
  const options = await post(nginx, '/fido2/attestation/options', { invite: code });
  return post(nginx, '/fido2/attestation/result', passkey.create(options.json<CreationOptionsJSON>()));
}

describe.runIf(hasNginx)('models of authenticators, as the metadata have them', () => {
  const good = maker('Good');
  const bad = maker('Bad');
  let nginx: RunningNginx;
  let no = 1;

  const put = (...entries: MetadataEntry[]) => importMetadata(nginx.ports, blob(no++, ...entries), `text ${no}`);
  const by = ({ authority, aaguid }: Maker, more: Partial<AuthenticatorOptions> = {}): Authenticator =>
    new Authenticator({ origin: nginx.origin, authority, aaguid, attestation: 'packed-x5c', ...more });

  /** Puts the list and waits until the workers go by it: at the next tick. */
  async function putAndWait(...entries: MetadataEntry[]): Promise<void> {
    const { state } = await put(...entries);
    const held = async () => JSON.parse((await askInternal(nginx, '/fido2/healthz')).text).metadata;
    await waitFor(async () => (await held()) === state.digest, 'the list to count');
  }

  beforeAll(async () => {
    const passkeys = { attestation: 'required', metadata: { certification: 'L1' } };
    nginx = await startNginx({ upstream: await startUpstream(), workers: 2, settings: { passkeys } });
  });

  it('nobody is taken before there are any', async () => {
    const answer = await registrationBy(nginx, 'early', by(good));
    expect([answer.status, answer.json().code]).toEqual([400, 'attestation_untrusted']);
  });

  it('their certificates are anchors, each for its own model', async () => {
    await putAndWait(modelBy(good), modelBy(bad));
    expect((await registrationBy(nginx, 'first', by(good))).status).toBe(201);
    expect((await readUser(nginx, 'first')).credentials).toMatchObject([{ attested: true }]);
    const other = await registrationBy(nginx, 'crossed', by({ ...good, aaguid: bad.aaguid }));
    expect([other.status, other.json().code]).toEqual([400, 'attestation_untrusted']);
  });

  it('a model that is reported as broken is refused from then on: at registration, at sign-in and by the gate', async () => {
    const passkey = by(bad);
    const { cookie } = await enrol(nginx, passkey, { user: 'bea' });
    const safe = by(good);
    const { cookie: safeCookie } = await enrol(nginx, safe, { user: 'ada' });
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
    const { cookie: before } = await enrol(nginx, by(bad), { user: 'cleo' });
    const second = by(good);
    await addPasskey(nginx, second, before);
    const after = await login(nginx, second, { cookie: before, policy: 'user' });
    await putAndWait(modelBy(good), modelBy(bad, report('REVOKED', '2026-01-10')));
    const refused = await get(nginx, '/app/', { cookie });
    expect([refused.status, refused.json().code]).toEqual([403, 'authenticator_not_allowed']);
    // the cookie from before a confirmation is still its own passkey's
    const kept = await get(nginx, '/app/', { cookie: before });
    expect([kept.status, kept.json().code]).toEqual([403, 'authenticator_not_allowed']);
    expect((await get(nginx, '/app/', { cookie: after })).status).toBe(200);
    const added = await post(nginx, '/fido2/attestation/options', {}, { cookie });
    expect([added.status, added.json().code]).toEqual([403, 'authenticator_not_allowed']);
    expect((await loginAnswer(nginx, passkey)).status).toBe(401);
    expect(nginx.audit().at(-1)).toMatchObject({ event: 'login', outcome: 'refused', code: 'authenticator_refused' });
    const late = await registrationBy(nginx, 'late', by(bad));
    expect([late.status, late.json().code]).toEqual([400, 'authenticator_refused']);
    expect((await get(nginx, '/app/', { cookie: safeCookie })).status).toBe(200);
    expect((await get(nginx, '/app/', { cookie: await login(nginx, safe) })).status).toBe(200);
  });

  it('certification that is taken away refuses as well, and without a list nobody is admitted', async () => {
    const passkey = by(good);
    const { cookie } = await enrol(nginx, passkey, { user: 'eve' });
    await putAndWait(modelBy(good, report('NOT_FIDO_CERTIFIED', '2026-01-11')));
    expect((await get(nginx, '/app/', { cookie })).status).toBe(403);
    await loginAnswer(nginx, passkey);
    expect(nginx.audit().at(-1)).toMatchObject({ outcome: 'refused', code: 'authenticator_uncertified' });
    await removeMetadata(nginx.ports);
    const isUnknown = async (): Promise<boolean> => {
      await loginAnswer(nginx, passkey);
      return nginx.audit().at(-1)?.code === 'authenticator_unknown';
    };
    await waitFor(isUnknown, 'the list to be gone');
    expect((await get(nginx, '/app/', { cookie })).status).toBe(403);
  });
});
