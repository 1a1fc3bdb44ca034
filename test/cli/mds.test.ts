import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeIdentityPorts } from '../../src/cli/installation.ts';
import { addCredential, createUser } from '../../src/identity/user.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { buildCommand, makeInstallation, ngxFido2, type Trial } from '../helpers/command.ts';
import { createBlob, createEntry, createPayload, createSigner, model } from '../helpers/metadata-blob.ts';
import { credential } from '../store/sample.ts';

let trial: Trial;
const vendor = createAuthority('Vendor');
const signer = createSigner();
const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
const revoked = { status: 'REVOKED', effectiveDate: '2026-01-05' };
const file = (name: string): string => join(trial.data, name);
const on = (...args: string[]) => ngxFido2([...args, '--data', trial.data]);
const json = async (...args: string[]) => JSON.parse((await on(...args, '--json')).stdout);

function write(name: string, changes: Readonly<Record<string, unknown>> = {}): string {
  writeFileSync(file(name), createBlob(createPayload([vendor.certificate], changes), signer));
  return file(name);
}

const asOf = ['--at', '2026-01-15'];
const importing = (path: string, ...rest: string[]) =>
  on('mds', 'import', path, '--root', file('root.pem'), ...(rest.length === 0 ? asOf : rest));

beforeAll(async () => {
  await buildCommand();
  trial = makeInstallation();
  writeFileSync(file('root.pem'), pem(signer.root.certificate));
});
afterAll(() => trial.remove());

describe('mds', () => {
  test('has nothing before the first import, which it says with its exit status', async () => {
    const { status, stdout } = await on('mds', 'status');
    expect([status, stdout]).toEqual([1, expect.stringContaining('nothing was imported yet')]);
    expect((await on('mds', 'show', model)).status).toBe(1);
    expect((await on('mds', 'show', 'yubikey')).status).toBe(2);
  });

  test('import refuses what the built-in roots did not certify, and a time that is none', async () => {
    const blob = write('blob.jwt');
    const foreign = await on('mds', 'import', blob, ...asOf);
    expect([foreign.status, foreign.stderr]).toEqual([1, expect.stringContaining('leads to none of the anchors')]);
    expect((await importing(blob, '--at', 'yesterday')).status).toBe(2);
    expect((await importing(blob, ...asOf, '--signer', 'other.example')).status).toBe(1);
    expect((await json('mds', 'status')).no).toBeNull();
  });

  test('import takes a BLOB in, shows its terms, and shows its models', async () => {
    const { status, stdout } = await importing(write('blob.jwt'));
    expect([status, stdout]).toEqual([0, expect.stringContaining('number 15 with 2 models is in force: 2 new')]);
    expect(stdout).toContain('terms: Retrieval and use of this BLOB is subject to terms');
    expect(await json('mds', 'show', model.toUpperCase())).toMatchObject({
      ...{ id: model, certification: 'L1', refused: false, anchors: 1 },
      reports: [{ status: 'FIDO_CERTIFIED' }, { status: 'FIDO_CERTIFIED_L1', effectiveDate: '2020-11-19' }],
    });
    // its next one was due in February, and it is later than that
    const after = await on('mds', 'status', '--json');
    expect(after.status).toBe(1);
    expect(JSON.parse(after.stdout)).toMatchObject({ no: 15, models: 2, overdue: true });
    expect(readFileSync(join(trial.data, 'store/audit.log'), 'utf8')).toContain('"event":"mds_import"');
  });

  test.each([
    ['an error page', () => '<html><body>Service unavailable</body></html>'],
    ['half a file', (whole: string) => whole.slice(0, whole.length / 2)],
    ['nothing', () => ''],
  ])('%s is refused, and what was imported before stays', async (_, change) => {
    const broken = file('broken');
    writeFileSync(broken, change(readFileSync(write('whole.jwt', { no: 99 }), 'utf8')));
    const { status, stderr } = await importing(broken);
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/broken is refused: .*\n.*what was imported before stays/s),
    ]);
    expect((await json('mds', 'status')).no).toBe(15);
  });

  test('an older one is refused, and one that is overdue', async () => {
    expect((await importing(write('old.jwt', { no: 14 }))).stderr).toContain('14 is older than 15');
    const overdue = await importing(write('new.jwt', { no: 16 }), '--at', '2026-02-02');
    expect([overdue.status, overdue.stderr]).toEqual([1, expect.stringContaining('out of date')]);
    expect((await json('mds', 'status')).no).toBe(15);
  });

  test('users lists the passkeys of a model after it was revoked, and remove forgets', async () => {
    const ports = nodeIdentityPorts(join(trial.data, 'store'));
    const { value } = await createUser(ports, { name: 'ada' });
    await addCredential(ports, value.id, { ...credential('AAAA'), aaguid: model, name: 'Key' });
    expect(await json('mds', 'users')).toEqual({ users: [] });
    const entry = createEntry({ aaguid: model }, [vendor.certificate]);
    const entries = [{ ...entry, statusReports: [...entry.statusReports, revoked] }];
    const { stdout } = await importing(write('next.jwt', { no: 16, entries }));
    expect(stdout).toMatch(/0 new, 1 changed, 1 gone.*: REVOKED.*passkeys of models that are refused: 1 /s);
    expect(await json('mds', 'users')).toEqual({
      users: [
        {
          ...{ user: 'ada', id: value.id, credential: 'AAAA', credentialName: 'Key', model },
          ...{ modelName: 'FIDO Alliance Sample FIDO2 Authenticator', ...revoked, oneCertificate: false },
        },
      ],
    });
    expect((await json('mds', 'users', '--status', 'UPDATE_AVAILABLE')).users).toEqual([]);
    expect((await on('mds', 'users')).stdout).toContain('REVOKED 2026-01-05');
    expect((await on('mds', 'remove')).status).toBe(2);
    expect(await json('mds', 'remove', '--yes')).toEqual({ removed: 1 });
    expect((await on('mds', 'status')).status).toBe(1);
  });
});
