import { generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createVerifier } from '../../src/crypto/verify.ts';
import { Fido2Error } from '../../src/errors.ts';
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

/** The root's name and key, certified by the stranger. */
const crossed = issue(stranger, { subject: root.name, keys: root.keys, extensions: [basicConstraints(true)] });
const leaf = issue(root);
const deepLeaf = issue(intermediate);
const flip = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 8 ? byte ^ 1 : byte));

/** The same name and key, over by `time`. */
function expired({ name, keys }: CertificateAuthority): Uint8Array {
  return createCertificate({
    ...{ subject: name, keys, extensions: [basicConstraints(true)] },
    notAfter: new Date(time - 1000),
  });
}

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
    ['an anchor that was renewed with its key', [leaf], [expired(root), root.certificate]],
    ['the root as another authority certified it', [deepLeaf, intermediate.certificate, crossed], [root.certificate]],
    ['a root only as another one certified it', [deepLeaf, intermediate.certificate, crossed], [stranger.certificate]],
    ['what stands behind the end of the path', [leaf, stranger.certificate], [root.certificate]],
  ];
  test.each(cases)('%s', async (_, path, anchors) => {
    await expect(verifyChain(path, anchors, time, verifier)).resolves.toBeUndefined();
  });

  test.each([
    ['P-384', ecKeys('P-384')],
    ['P-521', ecKeys('P-521')],
    ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('an authority with a key of %s', async (_, keys) => {
    const name: Name = [['CN', 'Keys']];
    const options = { subject: name, keys, extensions: [basicConstraints(true), keyUsage('ca')] };
    const other = { name, keys, certificate: createCertificate(options) };
    await expect(verifyChain([issue(other)], [other.certificate], time, verifier)).resolves.toBeUndefined();
    await expect(verifyChain([flip(issue(other))], [other.certificate], time, verifier)).rejects.toMatchObject(
      refusal('attestation_untrusted'),
    );
  });
});

describe('does not trust', () => {
  const short = authority('Short', root, { extensions: [basicConstraints(true, 0), keyUsage('ca')] });
  const below = authority('Below', short, { extensions: [basicConstraints(true), keyUsage('ca')] });
  const notCa = authority('Not a CA', root, { extensions: [basicConstraints(false)] });
  const noConstraints = authority('No constraints', root, { extensions: [keyUsage('ca')] });
  const noSigning = authority('No signing', root, { extensions: [basicConstraints(true), keyUsage('signature')] });
  const odd = { id: '1.2.3.4', critical: true, value: Uint8Array.of(5, 0) };
  const constraints = { id: '2.5.29.30', critical: true, value: Uint8Array.of(0x30, 0) };
  const ca = basicConstraints(true);
  const oddCa = authority('Odd', root, { extensions: [ca, odd] });
  const constrained = authority('Constrained', root, { extensions: [ca, constraints] });
  const loose = authority('Loose', root, { extensions: [ca, { ...constraints, critical: false }] });
  const policed = authority('Policed', root, { extensions: [ca, { ...constraints, id: '2.5.29.36' }] });
  const nameless: CertificateAuthority = { ...authority('', root, { subject: [], extensions: [ca] }), name: [] };
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
    ['an unknown critical extension of an authority', [issue(oddCa), oddCa.certificate], [root.certificate]],
    ['an unknown critical extension of an anchor', [issue(oddCa)], [oddCa.certificate]],
    ['name constraints', [issue(constrained), constrained.certificate], [root.certificate]],
    ['name constraints that are not critical', [issue(loose), loose.certificate], [root.certificate]],
    ['policy constraints', [issue(policed), policed.certificate], [root.certificate]],
    ['an issuer without a name', [issue(nameless)], [nameless.certificate]],
    ['more than 8 certificates', [leaf, ...Array(8).fill(root.certificate)], [root.certificate]],
    ['a path that only says who issued it', [issue(impostor)], [root.certificate]],
  ];
  test.each(cases)('%s', async (_, path, anchors) => {
    await expect(verifyChain(path, anchors, time, verifier)).rejects.toMatchObject(refusal('attestation_untrusted'));
  });

  test('the tests above by another reason: a short path under the short authority is fine', async () => {
    await expect(
      verifyChain([issue(short), short.certificate], [root.certificate], time, verifier),
    ).resolves.toBeUndefined();
  });

  test('a path of three certificates in any other order', async () => {
    const [a, b, c] = [deepLeaf, intermediate.certificate, root.certificate] as const;
    const orders = [
      [a, c, b],
      [b, a, c],
      [b, c, a],
      [c, a, b],
      [c, b, a],
    ];
    const fromLeaf = orders.filter(([first]) => first === a);
    for (const path of fromLeaf) expect(await isTrusted(path)).toBe(false);
    // that the authority or the root itself stands first is for the formats to refuse: no key of a credential is theirs
    for (const path of orders) {
      const attempt = verifyChain(path, [stranger.certificate], time, verifier);
      await expect(attempt).rejects.toMatchObject(refusal('attestation_untrusted'));
    }
  });

  test('anything at a time that is no number', async () => {
    await expect(verifyChain([leaf], [root.certificate], Number.NaN, verifier)).rejects.toMatchObject(
      refusal('attestation_untrusted'),
    );
  });

  test('what takes more than 16 signatures', async () => {
    let signatures = 0;
    const counting = {
      ...verifier,
      verify: async () => {
        signatures += 1;
        return false;
      },
    };
    const anchors = Array.from({ length: 40 }, () => impostor.certificate);
    await expect(verifyChain([leaf], anchors, time, counting)).rejects.toMatchObject(refusal('attestation_untrusted'));
    expect(signatures).toBe(16);
  });
});

test('whatever is trusted of changed paths, OpenSSL verifies link by link', async () => {
  const path = [deepLeaf, intermediate.certificate];
  let held = 0;
  const change = fc.record({ index: fc.nat({ max: 1 }), position: fc.nat(), mask: fc.integer({ min: 0, max: 255 }) });
  const property = fc.asyncProperty(change, async ({ index, position, mask }) => {
    const changed = path.map((bytes, i) =>
      Uint8Array.from(bytes, (byte, at) => (i === index && at === position % bytes.length ? byte ^ mask : byte)),
    );
    if (!(await isTrusted(changed))) return;
    held += 1;
    const chain = [...changed, root.certificate].map((bytes) => new X509Certificate(bytes));
    for (const [i, issuer] of chain.slice(1).entries()) {
      expect(chain[i]?.checkIssued(issuer)).toBe(true);
      expect(chain[i]?.verify(issuer.publicKey)).toBe(true);
    }
  });
  await fc.assert(property, { numRuns: 2000, examples: [[{ index: 0, position: 0, mask: 0 }]] });
  expect(held).toBeGreaterThan(0);
});

/** Throws what is no refusal with a code. */
async function isTrusted(path: readonly Uint8Array[]): Promise<boolean> {
  try {
    await verifyChain(path, [root.certificate], time, verifier);
    return true;
  } catch (error) {
    if (error instanceof Fido2Error) return false;
    throw error;
  }
}
