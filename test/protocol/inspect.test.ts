import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { inspectCeremony } from '../../src/protocol/inspect.ts';
import { ceremonySteps } from '../../src/protocol/steps.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { challenge, createAuthenticator, creation, origin, request, rpId, userHandle, verifier } from './ceremony.ts';

const now = Date.UTC(2026, 0, 1);
const authority = createAuthority('Root of the inspections');
const stranger = createAuthority('Root of somebody else');
const authenticator = createAuthenticator({ attestation: 'packed-x5c', authority });
const registration = authenticator.create(creation);
const authentication = authenticator.get(request);
const [held] = authenticator.credentials;
const expected = { challenge: toBase64url(challenge), origins: [origin], rpId };
const stored = {
  credentialId: registration.id,
  publicKey: toBase64url(held?.publicKey ?? new Uint8Array(0)),
  signCount: 1,
  userHandle: toBase64url(userHandle),
  backupEligible: false,
  backedUp: false,
};
const inspect = (document: unknown) => inspectCeremony(document, verifier, now);
const pem = (bytes: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString('base64')}\n-----END CERTIFICATE-----\n`;

test('a registration that holds', async () => {
  const document = { kind: 'registration', expected, credential: registration };
  expect(await inspect(document)).toMatchObject({ verified: true, format: 'packed', algorithm: -7 });
});

test('an authentication that holds', async () => {
  const document = { kind: 'authentication', expected, credential: authentication, stored };
  expect(await inspect(document)).toMatchObject({ verified: true, algorithm: -7, signCount: 2 });
});

test('the answer can be printed as JSON and back', async () => {
  const answer = await inspect({ kind: 'registration', expected, credential: registration });
  expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
});

describe('what is expected decides', () => {
  test.each<[string, object, object]>([
    ['origins', { origins: ['https://other.test'] }, { code: 'origin_mismatch', step: '7.1.9' }],
    ['rpId', { rpId: 'other.test' }, { code: 'rp_id_mismatch', step: '7.1.14' }],
    ['algorithms', { algorithms: [-8] }, { code: 'algorithm_mismatch', step: '7.1.20' }],
    ['credentialExists', { credentialExists: true }, { code: 'already_registered', step: '7.1.26' }],
    ['no anchors', { trustAnchors: [] }, { code: 'attestation_untrusted', step: '7.1.24' }],
    ['an anchor', { trustAnchors: [pem(authority.certificate)], attestationRequired: true }, { verified: true }],
    [
      'the time',
      { trustAnchors: [pem(authority.certificate)], time: '2050-01-01T00:00:00Z' },
      { code: 'attestation_untrusted' },
    ],
    [
      'null for all that may be absent',
      {
        userVerification: null,
        algorithms: null,
        time: null,
        trustAnchors: null,
        mediation: null,
        appid: null,
        userHandle: null,
      },
      { verified: true },
    ],
    [
      'two anchors in one text',
      { trustAnchors: [pem(stranger.certificate) + pem(authority.certificate)] },
      { verified: true },
    ],
    [
      'an anchor with words around it',
      { trustAnchors: [`Subject: CN = Root\n${pem(authority.certificate)}Key:\n`] },
      { verified: true },
    ],
    [
      'an anchor in bare base64',
      { trustAnchors: [Buffer.from(authority.certificate).toString('base64')] },
      { verified: true },
    ],
    [
      'another anchor',
      { trustAnchors: [pem(stranger.certificate)] },
      { code: 'attestation_untrusted', step: '7.1.24' },
    ],
    ['no origin', { origins: [] }, { code: 'origin_mismatch', step: '7.1.9' }],
    ['unsolicited outputs', { unsolicitedExtensions: 'refuse' }, { code: 'extension_invalid', step: '7.1.28' }],
    ['requested outputs', { unsolicitedExtensions: 'refuse', extensions: { credProps: true } }, { verified: true }],
    [
      'an enforced protection that is absent',
      {
        extensions: {
          credentialProtectionPolicy: 'userVerificationRequired',
          enforceCredentialProtectionPolicy: true,
        },
      },
      { code: 'extension_invalid', step: '7.1.28' },
    ],
    ['extensions that are a list', { extensions: [] }, { code: 'malformed' }],
    ['a user verification that there is not', { userVerification: 'always' }, { code: 'malformed' }],
    [
      'a broken anchor among others',
      { trustAnchors: [pem(authority.certificate), '-----BEGIN'] },
      { code: 'malformed' },
    ],
    ['a time that is none', { time: 'yesterday' }, { code: 'malformed' }],
    ['an anchor that is no PEM', { trustAnchors: ['%'] }, { code: 'malformed' }],
    ['a challenge that is no base64url', { challenge: '=' }, { code: 'malformed' }],
  ])('registration: %s', async (_, changes, answer) => {
    const document = { kind: 'registration', expected: { ...expected, ...changes }, credential: registration };
    expect(await inspect(document)).toMatchObject(answer);
  });

  test.each<[string, object, object, object]>([
    ['allowCredentials', { allowCredentials: ['AAAA'] }, {}, { code: 'credential_not_allowed', step: '7.2.5' }],
    ['userHandle', { userHandle: 'AAAA' }, {}, { code: 'user_handle_mismatch', step: '7.2.6' }],
    ['the stored sign count', {}, { signCount: 2 }, { code: 'sign_count_regressed', step: '7.2.22' }],
    ['the stored eligibility', {}, { backupEligible: true }, { code: 'backup_eligibility_changed', step: '7.2.19' }],
    ['no stored key', {}, { publicKey: undefined }, { code: 'malformed' }],
    ['the user of a session', { userHandle: stored.userHandle }, {}, { verified: true }],
    ['a page around it', { crossOrigin: true, topOrigins: [origin] }, {}, { verified: true }],
    ['conditional mediation', { mediation: 'conditional' }, {}, { verified: true }],
    ["the credential's own identifier", { allowCredentials: ['AAAA', registration.id] }, {}, { verified: true }],
    ['another stored credential', {}, { credentialId: 'AAAA' }, { code: 'credential_unknown', step: '7.2.6' }],
    ['another stored owner', {}, { userHandle: 'AAAA' }, { code: 'user_handle_mismatch', step: '7.2.6' }],
    [
      'a record without the newer members',
      {},
      { signCount: null, backupEligible: null, backedUp: null },
      { verified: true },
    ],
    ['a stored key that is none', {}, { publicKey: 'AAAA' }, { code: 'cbor_invalid', step: '7.2.21' }],
  ])('authentication: %s', async (_, changes, record, answer) => {
    const document = {
      kind: 'authentication',
      expected: { ...expected, ...changes },
      credential: authentication,
      stored: { ...stored, ...record },
    };
    expect(await inspect(document)).toMatchObject(answer);
  });
});

test('an authentication without a record: nobody has registered the credential', async () => {
  const document = { kind: 'authentication', expected, credential: authentication };
  const unknown = { code: 'credential_unknown', step: '7.2.6' };
  expect(await inspect(document)).toMatchObject(unknown);
  expect(await inspect({ ...document, stored: null })).toMatchObject(unknown);
});

describe('conditional creation', () => {
  const silent = createAuthenticator().create(creation, { flags: (flags) => flags & ~1 });
  const document = { kind: 'registration', credential: silent };

  test('needs no user presence', async () => {
    const conditional = { ...expected, mediation: 'conditional' };
    expect(await inspect({ ...document, expected: conditional })).toMatchObject({ verified: true });
  });

  test.each([undefined, 'optional', 'required', 'silent'])('any other, %s, does', async (mediation) => {
    const answer = await inspect({ ...document, expected: { ...expected, mediation } });
    expect(answer).toMatchObject({ code: 'user_presence_missing', step: '7.1.15' });
  });
});

describe('appid', () => {
  const appid = 'https://login.example.org/appid.json';
  const rest = { kind: 'authentication', stored: { ...stored, signCount: 0 } };
  const byAppid = authenticator.get(request, { rpId: appid, clientExtensionResults: { appid: true } });
  const byRpId = authenticator.get(request, { clientExtensionResults: { appid: false } });
  const mixed = authenticator.get(request, { clientExtensionResults: { appid: true } });
  const mismatch = { code: 'rp_id_mismatch', step: '7.2.15' };
  test.each<[string, object, object, object]>([
    ['used, named by expected.appid', byAppid, { appid }, { verified: true }],
    ['used, named by the extensions', byAppid, { extensions: { appid } }, { verified: true }],
    ['not used', byRpId, { appid }, { verified: true }],
    ['used, though nobody named it', byAppid, {}, mismatch],
    ['another one', byAppid, { appid: 'https://other.test' }, mismatch],
    ['said to be used, with the hash of the RP ID', mixed, { appid }, mismatch],
    ['said to be used, and nobody named it', mixed, {}, { verified: true }],
  ])('%s', async (_, credential, changes, answer) => {
    const document = { ...rest, credential, expected: { ...expected, ...changes } };
    expect(await inspect(document)).toMatchObject(answer);
  });
});

describe('origins of apps', () => {
  const apps = ['android:apk-key-hash:2jmj7l5rSw0yVb_vlWAYkK_YBwkvJJZ9DGLtSjkVwgA', 'ios:bundle-id:org.example.app'];
  test.each(apps)('%s', async (app) => {
    const credential = createAuthenticator().create(creation, { clientData: { origin: app } });
    const document = { kind: 'registration', credential };
    const listed = { ...expected, origins: [origin, app] };
    expect(await inspect({ ...document, expected: listed })).toMatchObject({ verified: true });
    const refused = { code: 'origin_mismatch', step: '7.1.9' };
    expect(await inspect({ ...document, expected })).toMatchObject(refused);
    const longer = { ...expected, origins: [`${app}A`] };
    expect(await inspect({ ...document, expected: longer })).toMatchObject(refused);
  });
});

describe('algorithms', () => {
  test.each([
    ['RS1', -65535, false],
    ['ML-DSA-44', -48, true],
    ['ES256K', -47, true],
    ['Ed448', -53, true],
  ] as const)('%s', async (algorithm, id, byDefault) => {
    const credential = createAuthenticator({ algorithm, attestation: 'packed-self' }).create(creation);
    const document = { kind: 'registration', credential };
    const refused = { code: 'algorithm_mismatch', step: '7.1.20' };
    expect(await inspect({ ...document, expected })).toMatchObject(byDefault ? { verified: true } : refused);
    const listed = { ...expected, algorithms: [-7, id] };
    expect(await inspect({ ...document, expected: listed })).toMatchObject({ verified: true, algorithm: id });
    expect(await inspect({ ...document, expected: { ...expected, algorithms: [-7] } })).toMatchObject(refused);
  });
});

test.each([[undefined], [null], [[]], [{}], [{ kind: 'other', expected }]])('%j is no document', async (document) => {
  expect(await inspect(document)).toMatchObject({ verified: false, code: 'malformed' });
});

test('a credential that is none is refused at the first step', async () => {
  const document = { kind: 'registration', expected, credential: null };
  expect(await inspect(document)).toMatchObject({ code: 'malformed', step: '7.1.3' });
});

test.each(['registration', 'authentication'] as const)('the steps of %s are those of its guards', (kind) => {
  const source = [kind, 'response-json'].map((name) => readFileSync(`src/protocol/${name}.ts`, 'utf8')).join('');
  const section = kind === 'registration' ? '7.1' : '7.2';
  const named = new Set([...source.matchAll(/'(7\.\d\.\d+)'/g)].map(([, step]) => step));
  const ours = [...named].filter((step) => step?.startsWith(section)).sort();
  expect(ceremonySteps[kind].map(([step]) => step).sort()).toEqual(ours);
});
