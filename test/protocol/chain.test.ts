import { webcrypto } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createVerifier } from '../../src/crypto/verify.ts';
import { verifyChain } from '../../src/protocol/chain.ts';
import {
  basicConstraints,
  type CertificateAuthority,
  type CertificateOptions,
  createAuthority,
  createCertificate,
  ecKeys,
  keyUsage,
  type Name,
} from '../helpers/certificates.ts';
import { refusal } from './ceremony.ts';

const verifier = createVerifier({ subtle: webcrypto.subtle, mode: 'auto' });
const time = Date.UTC(2026, 0, 1);
const root = createAuthority('Root');
const stranger = createAuthority('Stranger');
const impostor = createAuthority('Root');
const intermediate = createAuthority('Intermediate', root);
const leafKeys = ecKeys();

function issue(issuer: CertificateAuthority, changes: Partial<CertificateOptions> = {}): Uint8Array {
  const subject: Name = [['CN', 'Leaf']];
  return createCertificate({
    subject,
    keys: leafKeys,
    issuer: issuer.name,
    issuerKey: issuer.keys.privateKey,
    extensions: [basicConstraints(false)],
    ...changes,
  });
}

function authority(
  name: string,
  issuer: CertificateAuthority,
  changes: Partial<CertificateOptions>,
): CertificateAuthority {
  const keys = ecKeys();
  const subject: Name = [['CN', name]];
  return { name: subject, keys, certificate: issue(issuer, { subject, keys, ...changes }) };
}

const leaf = issue(root);
const deepLeaf = issue(intermediate);
const flip = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 8 ? byte ^ 1 : byte));

describe('trusts', () => {
  const cases: readonly [what: string, path: Uint8Array[], anchors: Uint8Array[]][] = [
    ['a certificate by an anchor', [leaf], [root.certificate]],
    ['a certificate that is an anchor itself', [leaf], [leaf]],
    ['a path over an authority between', [deepLeaf, intermediate.certificate], [root.certificate]],
    [
      'a path that ends before the root',
      [deepLeaf, intermediate.certificate],
      [stranger.certificate, root.certificate],
    ],
    ['a path with the root in it', [deepLeaf, intermediate.certificate, root.certificate], [root.certificate]],
    ['an anchor half-way', [deepLeaf, intermediate.certificate, root.certificate], [intermediate.certificate]],
    ['the right one of two anchors of one name', [leaf], [impostor.certificate, root.certificate]],
  ];
  test.each(cases)('%s', async (_, path, anchors) => {
    await expect(verifyChain(path, anchors, time, verifier)).resolves.toBeUndefined();
  });
});

describe('does not trust', () => {
  const short = authority('Short', root, { extensions: [basicConstraints(true, 0), keyUsage('ca')] });
  const below = authority('Below', short, { extensions: [basicConstraints(true), keyUsage('ca')] });
  const notCa = authority('Not a CA', root, { extensions: [basicConstraints(false)] });
  const noConstraints = authority('No constraints', root, { extensions: [keyUsage('ca')] });
  const noSigning = authority('No signing', root, { extensions: [basicConstraints(true), keyUsage('signature')] });
  const odd = { id: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) };
  const endsEarly = { notBefore: new Date(time - 2000), notAfter: new Date(time - 1000) };
  const expiredCa = authority('Expired', root, { extensions: [basicConstraints(true)], ...endsEarly });
  const cases: readonly [what: string, path: Uint8Array[], anchors: Uint8Array[]][] = [
    ['an empty path', [], [root.certificate]],
    ['anything without anchors', [leaf], []],
    ['another root', [leaf], [stranger.certificate]],
    ['a self-signed root in the path (GHSA-6hxq-p678-4hr2)', [leaf, root.certificate], [stranger.certificate]],
    ['a root of the same name with another key', [leaf], [impostor.certificate]],
    ['a path in the wrong order', [intermediate.certificate, deepLeaf], [stranger.certificate]],
    ['a path with a hole', [deepLeaf], [root.certificate]],
    ['a path with a stranger in it', [deepLeaf, stranger.certificate, intermediate.certificate], [root.certificate]],
    ['a changed signature', [flip(leaf)], [root.certificate]],
    ['a changed signature between', [deepLeaf, flip(intermediate.certificate)], [root.certificate]],
    ['a certificate before its time', [issue(root, { notBefore: new Date(time + 1000) })], [root.certificate]],
    ['a certificate after its time', [issue(root, endsEarly)], [root.certificate]],
    ['an expired authority', [issue(expiredCa), expiredCa.certificate], [root.certificate]],
    ['an expired anchor', [issue(expiredCa)], [expiredCa.certificate]],
    ['an issuer that is no authority', [issue(notCa), notCa.certificate], [root.certificate]],
    ['an issuer without basic constraints', [issue(noConstraints), noConstraints.certificate], [root.certificate]],
    ['an anchor that is no authority', [issue(notCa)], [notCa.certificate]],
    ['an issuer that may not sign certificates', [issue(noSigning), noSigning.certificate], [root.certificate]],
    ['a path longer than allowed', [issue(below), below.certificate, short.certificate], [root.certificate]],
    ['a path longer than its anchor allows', [issue(below), below.certificate], [short.certificate]],
    [
      'an unknown critical extension',
      [issue(root, { extensions: [basicConstraints(false), odd] })],
      [root.certificate],
    ],
  ];
  test.each(cases)('%s', async (_, path, anchors) => {
    await expect(verifyChain(path, anchors, time, verifier)).rejects.toMatchObject(refusal('attestation_untrusted'));
  });

  test('the tests above by another reason: a short path under the short authority is fine', async () => {
    await expect(
      verifyChain([issue(short), short.certificate], [root.certificate], time, verifier),
    ).resolves.toBeUndefined();
  });
});
