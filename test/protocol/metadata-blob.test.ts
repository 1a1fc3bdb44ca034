import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { readMetadataBlob } from '../../src/protocol/metadata-blob.ts';
import { basicConstraints, createAuthority, ecKeys } from '../helpers/certificates.ts';
import {
  type BlobChanges,
  createBlob,
  createEntry,
  createPayload,
  createSigner,
  dnsNames,
  keyIdentifier,
  type MetadataSigner,
  model,
  signerHost,
} from '../helpers/metadata-blob.ts';
import { verifier } from './ceremony.ts';

const time = Date.UTC(2026, 0, 15);
const vendor = createAuthority('Vendor');
const signer = createSigner();
const largeSigner = createSigner({ root: signer.root, keys: ecKeys('P-384') });
const payload = createPayload([vendor.certificate]);

function read(
  text: string,
  { root }: Pick<MetadataSigner, 'root'> = signer,
  host: string | null = signerHost,
  at = time,
) {
  return readMetadataBlob(text, { roots: [root.certificate], signer: host, time: at }, verifier);
}

const make = (changes: Readonly<Record<string, unknown>> = {}, blob: BlobChanges = {}, by = signer): string =>
  createBlob({ ...payload, ...changes }, by, blob);

const withEntry = (changes: Readonly<Record<string, unknown>>): string =>
  make({ entries: [createEntry({ aaguid: model }, [vendor.certificate], changes)] });

test('what is kept of a BLOB in the form of the specification', async () => {
  const blob = await read(`${make()}\n`);
  expect(blob).toMatchObject({ no: 15, legalHeader: payload.legalHeader, nextUpdate: Date.UTC(2026, 1, 2) });
  const kept = {
    name: 'FIDO Alliance Sample FIDO2 Authenticator',
    anchors: [new Uint8Array(vendor.certificate)],
    unreadableAnchors: 0,
    userVerification: ['none', 'passcode_external', 'presence_internal'],
    statusReports: [
      { status: 'FIDO_CERTIFIED', effectiveDate: '2019-01-04', certificate: null },
      { status: 'FIDO_CERTIFIED_L1', effectiveDate: '2020-11-19', certificate: null },
    ],
  };
  expect(blob.entries).toEqual([
    { ...kept, aaguid: model, keyIdentifiers: [] },
    { ...kept, aaguid: null, keyIdentifiers: [keyIdentifier] },
  ]);
});

describe('a signer', () => {
  test.each([
    ['of RSA', createSigner({ keys: generateKeyPairSync('rsa', { modulusLength: 2048 }) })],
    ['of P-384', createSigner({ keys: ecKeys('P-384') })],
    ['whose chain has the root in it', { ...signer, chain: [...signer.chain, signer.root.certificate] }],
    ['that is named by its subject only', createSigner({ extensions: [basicConstraints(false)] })],
  ])('%s is accepted', async (_, by) => {
    await expect(read(make({}, {}, by), by)).resolves.toMatchObject({ no: 15 });
  });

  test('of any name is accepted where the root certifies nobody else', async () => {
    const other = createSigner({ extensions: [dnsNames('other.example')] });
    await expect(read(make({}, {}, other), other, null)).resolves.toMatchObject({ no: 15 });
  });

  test.each<[string, string, MetadataSigner]>([
    ['of another root', make({}, {}, createSigner()), signer],
    [
      'of another host',
      make({}, {}, createSigner({ root: signer.root, extensions: [dnsNames('evil.example')] })),
      signer,
    ],
    [
      'whose subject names the host and whose alternative names do not',
      make({}, {}, createSigner({ root: signer.root, extensions: [dnsNames(`${signerHost}.evil.example`)] })),
      signer,
    ],
    ['whose chain lacks a certificate', make({}, {}, { ...signer, chain: signer.chain.slice(0, 1) }), signer],
    ['whose chain stands in another order', make({}, {}, { ...signer, chain: [...signer.chain].reverse() }), signer],
    ['who brings the root along', make({}, {}, withOwnRoot()), signer],
    [
      'whose certificate is over',
      make({}, {}, createSigner({ root: signer.root, notAfter: new Date(time - 1) })),
      signer,
    ],
    ['who has another key than the certificate', make({}, {}, { ...signer, keys: ecKeys() }), signer],
  ])('%s is refused', async (_, text, { root }) => {
    await expect(read(text, { root })).rejects.toMatchObject({
      name: 'Fido2Error',
      code: expect.stringMatching(/^(metadata_invalid|attestation_untrusted)$/),
    });
  });
});

function withOwnRoot(): MetadataSigner {
  const other = createSigner();
  return { ...other, chain: [...other.chain, other.root.certificate] };
}

describe('refuses', () => {
  const whole = make();
  test.each<[string, string]>([
    ['nothing', ''],
    ['an error page', '<!DOCTYPE html><html><head><title>503</title></head><body>mds. is. away</body></html>'],
    ['a file that was cut off in its payload', whole.slice(0, whole.length / 2)],
    ['a file that was cut off in its signature', whole.slice(0, -10)],
    ['a changed payload', whole.replace(/\.(.)/, (_, first: string) => `.${first === 'e' ? 'f' : 'e'}`)],
    [
      'a changed signature',
      make({}, { signature: (bytes) => Buffer.from(bytes.map((byte, i) => (i === 9 ? byte ^ 1 : byte))) }),
    ],
    ['an empty signature', make({}, { signature: () => Buffer.of() })],
    ['a signature in DER', make({}, { signature: (raw) => Buffer.concat([Buffer.of(0x30, 0x44, 2, 32), raw]) })],
    ['no algorithm', make({}, { header: { alg: 'none' }, signature: () => Buffer.of() })],
    ['a symmetric algorithm', make({}, { header: { alg: 'HS256' } })],
    ['the algorithm of another curve', make({}, { header: { alg: 'ES384' } })],
    ['a key of another curve than its algorithm', make({}, { header: { alg: 'ES256' }, hash: 'sha256' }, largeSigner)],
    ['a header that asks for extensions', make({}, { header: { crit: ['b64'], b64: false } })],
    [
      'certificates that would have to be fetched',
      make({}, { header: { x5c: undefined, x5u: 'https://example.org/' } }),
    ],
    ['an empty chain', make({}, { header: { x5c: [] } })],
    ['a chain in base64url', make({}, { header: { x5c: ['_-8'] } })],
    ['more than 8 certificates', make({}, { header: { x5c: Array(9).fill('AAAA') } })],
    ['no serial number', make({ no: undefined })],
    ['a serial number that is text', make({ no: '15' })],
    ['a serial number that is no whole one', make({ no: 1.5 })],
    ['no next update', make({ nextUpdate: undefined })],
    ['a next update that is no date', make({ nextUpdate: '2026-02-31T' })],
    ['one that was to be replaced', make({ nextUpdate: '2026-01-14' })],
    ['entries that are no list', make({ entries: {} })],
    ['an entry that is no object', make({ entries: [null] })],
    ['an entry without reports', withEntry({ statusReports: undefined })],
    ['a report without a status', withEntry({ statusReports: [{ effectiveDate: '2020-01-01' }] })],
    ['an AAGUID that is no UUID', withEntry({ aaguid: '0132d110' })],
    ['an AAGUID that is a number', withEntry({ aaguid: 1 })],
    ['a key identifier that is no SHA-1', withEntry({ attestationCertificateKeyIdentifiers: ['00'] })],
    ['terms that are no text', make({ legalHeader: 1 })],
  ])('%s', async (_, text) => {
    await expect(read(text)).rejects.toMatchObject({ name: 'Fido2Error', code: 'metadata_invalid' });
  });

  test('the day after the next one was due, and not on that day', async () => {
    const text = make({ nextUpdate: '2026-01-15' });
    await expect(read(text)).resolves.toMatchObject({ no: 15 });
    await expect(read(text, signer, signerHost, Date.UTC(2026, 0, 16))).rejects.toMatchObject({
      code: 'metadata_invalid',
    });
  });
});

describe('tolerates', () => {
  test('statuses and members that are newer than this', async () => {
    const reports = [{ status: 'FIPS140_CERTIFIED_L9', effectiveDate: '2031-01-01', novel: { deep: [1] } }];
    const { entries } = await read(
      make({
        novel: 1,
        entries: [createEntry({ aaguid: model.toUpperCase() }, [], { statusReports: reports, novel: 1 })],
      }),
    );
    expect(entries).toMatchObject([
      { aaguid: model, statusReports: [{ status: 'FIPS140_CERTIFIED_L9', effectiveDate: '2031-01-01' }] },
    ]);
  });

  test('an entry without a statement, and a date of another form', async () => {
    const text = withEntry({
      metadataStatement: undefined,
      statusReports: [{ status: 'REVOKED', effectiveDate: 'May' }],
    });
    const { entries } = await read(text);
    expect(entries).toMatchObject([
      { name: '', anchors: [], statusReports: [{ status: 'REVOKED', effectiveDate: null }] },
    ]);
  });

  test('a root certificate that cannot be read, which is then none, and lines in one that can', async () => {
    const good = Buffer.from(vendor.certificate).toString('base64');
    const lines = good.replace(/.{64}/g, '$&\r\n');
    const text = withEntry({ metadataStatement: { attestationRootCertificates: ['AAAA', lines, '<pem>'] } });
    const { entries } = await read(text);
    expect(entries).toMatchObject([{ anchors: [new Uint8Array(vendor.certificate)], unreadableAnchors: 2 }]);
  });

  test('the certificate of a report, and takes one that cannot be read for none', async () => {
    const certificate = Buffer.from(vendor.certificate).toString('base64');
    const status = 'ATTESTATION_KEY_COMPROMISE';
    const reports = [
      { status, certificate },
      { status, certificate: '***' },
      { status, certificate: '' },
    ];
    const { entries } = await read(withEntry({ statusReports: reports }));
    const read1 = entries[0]?.statusReports.map((report) => report.certificate);
    expect(read1).toEqual([new Uint8Array(vendor.certificate), null, null]);
  });
});
