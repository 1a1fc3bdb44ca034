import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { inspectCeremony } from '../../src/protocol/inspect.ts';
import { ceremonySteps } from '../../src/protocol/steps.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { challenge, createAuthenticator, creation, origin, request, rpId, userHandle, verifier } from './ceremony.ts';

const now = Date.UTC(2026, 0, 1);
const authority = createAuthority('Root of the inspections');
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
