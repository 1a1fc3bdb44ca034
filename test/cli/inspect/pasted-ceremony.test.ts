import { describe, expect, test } from 'vitest';
import { toBase64url } from '../../../src/bytes.ts';
import { explainInspection } from '../../../src/cli/inspect/explain-inspection.ts';
import { inspectText, type Verdict } from '../../../src/cli/inspect/inspect-text.ts';
import type { Given } from '../../../src/cli/inspect/pasted-ceremony.ts';
import type { JsonObject } from '../../../src/protocol/json.ts';
import {
  challenge,
  createAuthenticator,
  creation,
  origin,
  request,
  rpId,
  userHandle,
  verifier,
} from '../../protocol/ceremony.ts';

const authenticator = createAuthenticator({ attestation: 'packed-self' });
const registration = authenticator.create(creation);
const authentication = authenticator.get(request);
const given = { challenge: toBase64url(challenge), origins: [origin], rpId };
const now = Date.UTC(2026, 0, 1);

async function judge(pasted: unknown, more: Given = given): Promise<Verdict> {
  const text = typeof pasted === 'string' ? pasted : JSON.stringify(pasted);
  return (await inspectText(text, more, verifier, now)).verdict;
}

const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');
/** The members of a credential that are bytes, in another form. */
const inForm = (credential: typeof registration, form: (bytes: Buffer) => unknown): JsonObject => ({
  ...credential,
  rawId: form(bytesOf(credential.rawId)),
  response: {
    clientDataJSON: form(bytesOf(credential.response.clientDataJSON)),
    attestationObject: form(bytesOf(credential.response.attestationObject)),
  },
});

describe('a registration as it comes from a console', () => {
  const { response, ...rest } = registration;
  const text = JSON.stringify(registration);
  test.each<[string, unknown]>([
    ['toJSON()', registration],
    ['a string of it', JSON.stringify(text)],
    ['a string in the quotes of the console', `'${text.replaceAll('\\', '\\\\')}'`],
    ['beside other things', { user: 'ann', credential: registration }],
    ['with the base64 of btoa', inForm(registration, (bytes) => bytes.toString('base64'))],
    ['with lists of numbers', inForm(registration, (bytes) => [...bytes])],
    ['with what JSON.stringify makes of a Uint8Array', inForm(registration, (bytes) => ({ ...new Uint8Array(bytes) }))],
    ['with what JSON.stringify makes of a Buffer', inForm(registration, (bytes) => bytes)],
    ['without a response around its members', { ...rest, ...response }],
    [
      'with clientDataJSON as its text',
      { ...registration, response: { ...response, clientDataJSON: bytesOf(response.clientDataJSON).toString() } },
    ],
    ['with an identifier alone', { id: registration.id, response }],
  ])('%s', async (_, pasted) => {
    expect(await judge(pasted)).toMatchObject({ verified: true, format: 'packed', credentialId: registration.id });
  });

  test.each<[string, unknown, string]>([
    ['ArrayBuffers that JSON.stringify lost', inForm(registration, () => ({})), 'toJSON'],
    ['numbers past a byte', inForm(registration, () => [1, 256]), 'bytes'],
    ['no base64', inForm(registration, () => '%'), 'base64'],
    ['clientDataJSON as an object', { ...registration, response: { ...response, clientDataJSON: {} } }, 'toJSON'],
    ['two registrations', [registration, registration], 'several'],
    ['no credential', { hello: 'world' }, 'no credential'],
    ['no JSON', 'PublicKeyCredential {rawId: ArrayBuffer(32)}', 'no JSON'],
    ['neither kind', { id: 'AAAA', response: { clientDataJSON: 'e30' } }, 'either'],
    ['options of two ceremonies', { a: creation, b: request, credential: registration }, 'several'],
  ])('%s is refused with a word on what to do', async (_, pasted, word) => {
    const answer = await judge(pasted);
    expect(answer).toMatchObject({ verified: false, code: 'malformed', detail: expect.stringContaining(word) });
    expect(answer).not.toHaveProperty('step');
  });
});

describe('what is expected', () => {
  test.each<[string, unknown, Given, readonly string[]]>([
    ['nothing', registration, {}, ['7.1.8', '7.1.9', '7.1.14']],
    ['the challenge', registration, { challenge: given.challenge }, ['7.1.9', '7.1.14']],
    ['the origin', registration, { origins: [origin] }, ['7.1.8', '7.1.14']],
    ['the options beside it', { options: creation, credential: registration }, {}, ['7.1.9']],
    ['the options as create() takes them', { publicKey: creation, credential: registration }, {}, ['7.1.9']],
    ['the options of a file', registration, { options: { publicKey: creation } }, ['7.1.9']],
    ['a part of it', { expected: { challenge: given.challenge }, credential: registration }, {}, ['7.1.9', '7.1.14']],
  ])('%s is known: all else is said to be unchecked', async (_, pasted, known, unchecked) => {
    expect(await judge(pasted, known)).toMatchObject({ verified: false, unchecked });
  });

  test('the options and the origin are enough', async () => {
    const pasted = { options: creation, credential: registration };
    expect(await judge(pasted, { origins: [origin] })).toMatchObject({ verified: true });
  });

  test.each<[string, unknown, Given, object]>([
    ['a challenge', registration, { challenge: 'AAAA' }, { code: 'challenge_mismatch', step: '7.1.8' }],
    ['an origin', registration, { origins: ['https://other.test'] }, { code: 'origin_mismatch', step: '7.1.9' }],
    ['a relying party', registration, { rpId: 'other.test' }, { code: 'rp_id_mismatch', step: '7.1.14' }],
    [
      'options with other algorithms',
      registration,
      { options: { ...creation, pubKeyCredParams: [{ type: 'public-key', alg: -8 }] } },
      { code: 'algorithm_mismatch', step: '7.1.20' },
    ],
    [
      'options that require the verification of the user',
      createAuthenticator({ userVerification: false }).create(creation),
      { options: creation },
      { code: 'user_verification_missing', step: '7.1.16' },
    ],
    [
      'options with other credentials',
      authentication,
      { options: { ...request, allowCredentials: [{ type: 'public-key', id: 'AAAA' }] } },
      { code: 'credential_not_allowed', step: '7.2.5' },
    ],
  ])('%s that the ceremony does not fit refuse it', async (_, pasted, known, refusal) => {
    expect(await judge(pasted, known)).toMatchObject({ verified: false, ...refusal });
  });

  test('conditional mediation stands beside the inner options', async () => {
    const silent = createAuthenticator().create(creation, { flags: (flags) => flags & ~1 });
    const options = { mediation: 'conditional', publicKey: creation };
    expect(await judge(silent, { ...given, options })).toMatchObject({ verified: true });
    expect(await judge(silent)).toMatchObject({ code: 'user_presence_missing' });
  });

  test('the relying party may be a parent domain of the origin', async () => {
    const parent = createAuthenticator({ rpId: 'example.org' });
    const pasted = parent.create({ ...creation, rp: { id: 'example.org', name: 'Example' } });
    expect(await judge(pasted, {})).toMatchObject({ unchecked: expect.arrayContaining(['7.1.14']) });
    expect(await judge(pasted)).toMatchObject({ code: 'rp_id_mismatch' });
  });

  test('one that is no parent of the origin is refused though nobody named it', async () => {
    const pasted = createAuthenticator().create(creation, { rpId: 'other.test' });
    expect(await judge(pasted, {})).toMatchObject({ code: 'rp_id_mismatch', step: '7.1.14' });
  });

  test('an app names no host', async () => {
    const app = createAuthenticator().create(creation, { clientData: { origin: 'android:apk-key-hash:AAAA' } });
    expect(await judge(app, {})).toMatchObject({ code: 'malformed', detail: expect.stringContaining('--rp-id') });
    expect(await judge(app, { rpId })).toMatchObject({ unchecked: ['7.1.8', '7.1.9'] });
  });

  test('a document of its own stands as it is but for what is given', async () => {
    const document = { kind: 'registration', expected: { ...given }, credential: registration };
    expect(await judge(document, {})).toMatchObject({ verified: true });
    expect(await judge(document, { challenge: 'AAAA' })).toMatchObject({ code: 'challenge_mismatch' });
    const other = { ...document, expected: { rpId } };
    expect(await judge(other, {})).toMatchObject({ verified: false, code: 'malformed' });
    const arrays = { ...document, credential: inForm(registration, (bytes) => [...bytes]) };
    expect(await judge(arrays, {})).toMatchObject({ code: 'malformed', step: '7.1.3' });
  });
});

describe('an authentication', () => {
  const noOwner = { ...authentication, response: { ...authentication.response, userHandle: null } };

  test('without its key: the signature is not checked', async () => {
    const unchecked = ['7.2.6', '7.2.19', '7.2.21', '7.2.22'];
    expect(await judge(authentication)).toMatchObject({ verified: false, unchecked });
    expect(await judge(noOwner)).toMatchObject({ verified: false, unchecked });
  });

  test.each<[string, unknown, Given]>([
    ['beside it', [registration, authentication], given],
    ['in a file', authentication, { ...given, registration: { credential: registration } }],
  ])('with its registration %s', async (_, pasted, known) => {
    expect(await judge(pasted, known)).toMatchObject({ verified: false, unchecked: ['7.2.6'], signCount: 2 });
    const other = createAuthenticator().create(creation);
    const stranger = Array.isArray(pasted) ? [other, authentication] : pasted;
    const refusal = { code: 'credential_unknown', step: '7.2.6' };
    expect(await judge(stranger, { ...known, ...(!Array.isArray(pasted) && { registration: other }) })).toMatchObject(
      refusal,
    );
  });

  test('with its registration and another signature', async () => {
    const forged = { ...authentication, response: { ...authentication.response, signature: 'MAYCAQECAQE' } };
    expect(await judge([registration, forged])).toMatchObject({ code: 'signature_invalid', step: '7.2.21' });
  });

  test('with its record', async () => {
    const [held] = authenticator.credentials;
    const stored = {
      credentialId: registration.id,
      publicKey: toBase64url(held?.publicKey ?? new Uint8Array(0)),
      userHandle: toBase64url(userHandle),
    };
    expect(await judge({ credential: authentication, stored })).toMatchObject({ verified: true });
  });
});

test('the steps that were not checked are told', async () => {
  const lines = explainInspection(await inspectText(JSON.stringify(registration), {}, verifier, now));
  expect(lines).toContain('--  7.1.8  not checked: its challenge is the one of the options');
  expect(lines).toContain('not verified: nothing is refused, and 7.1.8, 7.1.9, 7.1.14 not checked');
});
