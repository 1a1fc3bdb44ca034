import { createHash, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AttestationName, Tamper } from '../../helpers/authenticator.ts';
import type { CborMap, CborValue } from '../../helpers/cbor.ts';
import {
  aaguidExtension,
  basicConstraints,
  type CertificateOptions,
  createAttestationCertificate,
  createAuthority,
  type Name,
} from '../../helpers/certificates.ts';
import { octets } from '../../helpers/der.ts';
import { createAuthenticator, refusal, register } from '../ceremony.ts';

const aaguid = new Uint8Array(16).fill(0x11);
const authority = createAuthority('Root of the packed tests');
const subject: Name = [
  ['C', 'SE'],
  ['O', 'Test'],
  ['OU', 'Authenticator Attestation'],
  ['CN', 'Test'],
];
const good = [basicConstraints(false), aaguidExtension(aaguid)];

function packed(attestation: AttestationName, tamper: Tamper): ReturnType<typeof register> {
  return register({ options: { attestation, aaguid, authority }, tamper });
}

/** A statement by a certificate with some of its fields changed; its signature is right. */
function withCertificate(changes: Partial<CertificateOptions>): ReturnType<typeof register> {
  const { certificate, keys } = createAttestationCertificate(authority, aaguid, changes);
  const authenticator = createAuthenticator({ attestation: 'packed-x5c', aaguid });
  let authData: Uint8Array = new Uint8Array(0);
  let clientData: Uint8Array = new Uint8Array(0);
  const statement = (): CborMap => {
    const toSign = Buffer.concat([authData, createHash('sha256').update(clientData).digest()]);
    return new Map<CborValue, CborValue>([
      ['alg', keys.privateKey.asymmetricKeyType === 'ec' ? -7 : -257],
      ['sig', sign('sha256', toSign, keys.privateKey)],
      ['x5c', [certificate]],
    ]);
  };
  const tamper: Tamper = {
    authData: (bytes) => {
      authData = bytes;
      return bytes;
    },
    clientDataJSON: (bytes) => {
      clientData = bytes;
      return bytes;
    },
    statement,
  };
  return register({ authenticator, tamper });
}

const flipBit = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes, (byte, i) => (i === 30 ? byte ^ 1 : byte));
const set =
  (key: string, value: CborValue) =>
  (statement: CborMap): CborMap =>
    new Map([...statement, [key, value]] as [CborValue, CborValue][]);
const remove =
  (key: string) =>
  (statement: CborMap): CborMap =>
    new Map([...statement].filter(([name]) => name !== key));

describe('self attestation refuses', () => {
  const cases: readonly [what: string, tamper: Tamper][] = [
    ['a signature that does not hold', { signature: flipBit }],
    ['an alg that is not the key’s', { statement: set('alg', -35) }],
    ['an alg that is text', { statement: set('alg', '-7') }],
    ['no alg', { statement: remove('alg') }],
    ['no sig', { statement: remove('sig') }],
    ['a sig that is text', { statement: set('sig', 'x') }],
    ['ECDAA', { statement: set('ecdaaKeyId', new Uint8Array(4)) }],
  ];
  test.each(cases)('%s', async (_, tamper) => {
    await expect(packed('packed-self', tamper)).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
  });
});

describe('attestation by a certificate refuses', () => {
  const cases: readonly [what: string, tamper: Tamper, code?: string][] = [
    ['a signature that does not hold', { signature: flipBit }],
    ['an alg that does not fit its key', { statement: set('alg', -257) }],
    ['an unknown alg', { statement: set('alg', -999) }],
    ['an empty x5c', { statement: set('x5c', []) }],
    ['an x5c that is no list', { statement: set('x5c', new Uint8Array(8)) }],
    ['text in x5c', { statement: set('x5c', ['certificate']) }],
    [
      'nine certificates',
      { statement: (statement) => set('x5c', Array(9).fill((statement.get('x5c') as CborValue[])[0]))(statement) },
    ],
    ['an unknown member', { statement: set('extra', 1) }],
    ['a certificate that is none', { statement: set('x5c', [new Uint8Array(8)]) }, 'certificate_invalid'],
    [
      'bytes behind the certificate',
      {
        statement: (statement) =>
          set('x5c', [Buffer.concat([(statement.get('x5c') as Uint8Array[])[0] ?? Buffer.of(), Buffer.of(0)])])(
            statement,
          ),
      },
      'certificate_invalid',
    ],
  ];
  test.each(cases)('%s', async (_, tamper, code = 'attestation_invalid') => {
    await expect(packed('packed-x5c', tamper)).rejects.toMatchObject(refusal(code, '7.1.22'));
  });
});

describe('the requirements of section 8.2.1', () => {
  test('are met by the certificate of the other tests, with an AAGUID and without', async () => {
    expect(await withCertificate({})).toMatchObject({ attestationType: 'basic' });
    expect(await withCertificate({ extensions: [basicConstraints(false)] })).toMatchObject({
      attestationType: 'basic',
    });
  });

  const without = (type: string): Name => subject.filter(([name]) => name !== type);
  const cases: readonly [what: string, changes: Partial<CertificateOptions>][] = [
    ['version 1', { version: 1, extensions: [] }],
    ['no country', { subject: without('C') }],
    ['a country of three letters', { subject: [['C', 'SWE'], ...without('C')] }],
    ['no organization', { subject: without('O') }],
    ['no unit', { subject: without('OU') }],
    ['another unit', { subject: [...without('OU'), ['OU', 'Authenticator attestation']] }],
    ['a second unit', { subject: [...subject, ['OU', 'Sales']] }],
    ['no common name', { subject: without('CN') }],
    ['no basic constraints', { extensions: [aaguidExtension(aaguid)] }],
    ['an authority', { extensions: [basicConstraints(true), aaguidExtension(aaguid)] }],
    ['another AAGUID', { extensions: [basicConstraints(false), aaguidExtension(new Uint8Array(16))] }],
    [
      'a critical AAGUID extension',
      { extensions: [basicConstraints(false), { ...aaguidExtension(aaguid), critical: true }] },
    ],
    [
      'an AAGUID of 15 bytes',
      { extensions: [basicConstraints(false), { ...aaguidExtension(aaguid), value: octets(aaguid.subarray(1)) }] },
    ],
  ];
  test.each(cases)('%s is refused', async (_, changes) => {
    const attempt = withCertificate({ subject, extensions: good, ...changes });
    await expect(attempt).rejects.toMatchObject(refusal('attestation_invalid', '7.1.22'));
  });

  test('an AAGUID that is not wrapped is refused', async () => {
    const extension = { ...aaguidExtension(aaguid), value: aaguid };
    const attempt = withCertificate({ extensions: [basicConstraints(false), extension] });
    await expect(attempt).rejects.toMatchObject(refusal('certificate_invalid', '7.1.22'));
  });
});
