import { describe, expect, test } from 'vitest';
import { formatsOfAllTimes } from '../../../src/protocol/attestation/formats.ts';
import { generatedOrigin, signPurpose } from '../../helpers/attestations.ts';
import type { AttestationName, AuthenticatorOptions, Tamper } from '../../helpers/authenticator.ts';
import type { CborValue } from '../../helpers/cbor.ts';
import { aaguidExtension, basicConstraints, createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { changeMember, flipBit, removeMember, setMember } from '../attestation/statement.ts';
import { refusal, register } from '../ceremony.ts';

/* The cases of the FIDO2 server conformance test, group by group, for the attestation statement formats. */

type Case = [what: string, tamper: Tamper, code?: string, step?: string];

const root = createAuthority('Root of the conformance cases');
const intermediate = createAuthority('Intermediate of the conformance cases', root);
const stranger = createAuthority('Somebody else');
const expected = { trustAnchors: [root.certificate], formats: formatsOfAllTimes };

function attest(attestation: AttestationName, tamper: Tamper = {}, options: Partial<AuthenticatorOptions> = {}) {
  return register({ options: { attestation, authority: root, ...options }, tamper, expected });
}

function refuses(
  attestation: AttestationName,
  cases: readonly Case[],
  options: Partial<AuthenticatorOptions> = {},
): void {
  test.each<Case>([...cases])('%s', async (_, tamper, code = 'attestation_invalid', step = '7.1.22') => {
    await expect(attest(attestation, tamper, options)).rejects.toMatchObject(refusal(code, step));
  });
}

const append = (...certificates: Uint8Array[]): Tamper =>
  changeMember('x5c', (list) => [...(list as CborValue[]), ...certificates]);
const expired = { notBefore: new Date('2020-01-01'), notAfter: new Date('2021-01-01') };

const otherModel = [basicConstraints(false), aaguidExtension(new Uint8Array(16).fill(9))];

describe('Resp-5: packed by a certificate', () => {
  test('a chain of one holds', async () => {
    expect(await attest('packed-x5c')).toMatchObject({ attestationType: 'basic' });
  });
  test('a chain over an intermediate holds', async () => {
    const chained = await attest('packed-x5c', append(intermediate.certificate), { authority: intermediate });
    expect(chained).toMatchObject({ attestationType: 'basic' });
  });
  refuses('packed-x5c', [
    ['no sig', removeMember('sig')],
    ['a sig that is no bytes', setMember('sig', 'AAAA')],
    ['an empty sig', setMember('sig', new Uint8Array(0))],
    ['a sig that does not hold', { signature: flipBit }],
    ['no alg', removeMember('alg')],
    ['an alg that is no number', setMember('alg', '-7')],
    ['another alg', setMember('alg', -257)],
    ['an x5c that is no list', setMember('x5c', root.certificate)],
    ['an empty x5c', setMember('x5c', [])],
    ['an x5c of other things', setMember('x5c', ['AAAA'])],
    ['a certificate that has expired', { attestation: { certificate: expired } }, 'attestation_untrusted', '7.1.24'],
    ['the AAGUID of another model', { attestation: { certificate: { extensions: otherModel } } }],
    [
      'a chain out of order',
      changeMember('x5c', (list) => [root.certificate, ...(list as CborValue[])]),
      'attestation_invalid',
    ],
    ['no x5c, so that it is self attestation', removeMember('x5c')],
  ]);
  test('a chain that ends in an intermediate which nobody knows', async () => {
    const unknown = attest('packed-x5c', append(stranger.certificate), { authority: stranger });
    await expect(unknown).rejects.toMatchObject(refusal('attestation_untrusted', '7.1.24'));
  });
});

describe('Resp-6: packed by the credential itself', () => {
  test('a valid one holds', async () => {
    expect(await attest('packed-self')).toMatchObject({ attestationType: 'self' });
  });
  refuses('packed-self', [
    ['a sig that does not hold', { signature: flipBit }],
    ['another alg', setMember('alg', -35)],
    ['an empty x5c', setMember('x5c', [])],
  ]);
});

describe('Resp-7: none', () => {
  test.each([new Uint8Array(16), new Uint8Array(16).fill(7)])('holds', async (aaguid) => {
    expect(await attest('none', {}, { aaguid })).toMatchObject({ attestationType: 'none' });
  });
  refuses('none', [['a statement', { statement: () => new Map<CborValue, CborValue>([['sig', new Uint8Array(8)]]) }]]);
});

describe('Resp-8: fido-u2f', () => {
  test('a valid one holds', async () => {
    expect(await attest('fido-u2f')).toMatchObject({ attestationType: 'basic' });
  });
  refuses('fido-u2f', [
    ['a sig that does not hold', { signature: flipBit }],
    ['two certificates', append(root.certificate)],
  ]);
});

describe('Resp-9: tpm', () => {
  const patch =
    (at: number, ...bytes: number[]) =>
    (area: Buffer): Uint8Array => {
      const changed = Buffer.from(area);
      changed.set(bytes, at);
      return changed;
    };
  test.each([
    ['RS256 and SHA-256', { algorithm: 'RS256' }, {}],
    ['RS256 and SHA-1 names', { algorithm: 'RS256' }, { attestation: { nameAlgorithm: [4, 'sha1'] } }],
    ['ES256', { algorithm: 'ES256' }, {}],
  ] as const)('%s holds', async (_, options, tamper) => {
    expect(await attest('tpm', tamper, options)).toMatchObject({ attestationType: 'attca' });
  });
  const cases: readonly Case[] = [
    ['another magic', { attestation: { certInfo: patch(0, 0) } }],
    ['another type', { attestation: { certInfo: patch(4, 0x80, 0x14) } }],
    ['a pubArea of another key', { attestation: { pubArea: (area) => patch(area.length - 9, 1, 2)(area) } }],
    ['the extraData of another ceremony', { attestation: { certInfo: patch(46, 0, 0, 0, 0) } }],
  ];
  refuses('tpm', cases, { algorithm: 'RS256' });
});

describe('Resp-A: android-key', () => {
  test('a valid one holds', async () => {
    expect(await attest('android-key')).toMatchObject({ attestationType: 'basic' });
  });
  const imported = { attestation: { tee: [signPurpose] } };
  refuses('android-key', [
    ['the challenge of another ceremony', { attestation: { androidChallenge: new Uint8Array(32) } }],
    ["another key's certificate", { attestation: { certificate: { keys: ecKeys() } } }],
    ['a key of no stated origin', imported],
    ['a key of no stated purpose', { attestation: { tee: [generatedOrigin] } }],
  ]);
});

describe('Resp-B: android-safetynet', () => {
  const payload = (members: Readonly<Record<string, unknown>>): Tamper => ({
    attestation: { safetynet: { payload: members } },
  });
  test('a valid one holds', async () => {
    expect(await attest('android-safetynet')).toMatchObject({ attestationType: 'basic' });
  });
  refuses('android-safetynet', [
    ['no ver', removeMember('ver')],
    ['an empty ver', setMember('ver', '')],
    ['no response', removeMember('response')],
    ['a response that is no JWS', setMember('response', new Uint8Array(8))],
    ['the nonce of another ceremony', payload({ nonce: Buffer.alloc(32).toString('base64') })],
    ['ctsProfileMatch false', payload({ ctsProfileMatch: false })],
    ['a time to come', payload({ timestampMs: Date.UTC(2027, 0, 1) })],
    ['a time long past', payload({ timestampMs: Date.UTC(2025, 0, 1) })],
  ]);
});
