import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { metadataRoots, metadataTrust } from '../../src/cli/metadata-roots.ts';
import { verifyChain } from '../../src/protocol/chain.ts';
import { parseCertificate } from '../../src/protocol/x509.ts';
import { verifier } from '../protocol/ceremony.ts';

/** As the authority publishes them. */
const fingerprints: Readonly<Record<string, string>> = {
  'GlobalSign Root CA - R3': 'cbb522d7b7f127ad6a0113865bdf1cd4102e7d0759af635a7cf4720dc963c53b',
  'GlobalSign Root R46': '4fa3126d8d3a11d1c4855a4f807cbad6cf919d3a5a88b03bea2c6372d93c40c9',
};
const authorities = '/usr/share/ca-certificates/mozilla';
const have = existsSync(authorities);

describe('the roots of the metadata service', () => {
  test.each(Object.entries(fingerprints))('%s', async (name, fingerprint) => {
    const bytes = metadataRoots.get(name) ?? new Uint8Array();
    expect(new X509Certificate(bytes).fingerprint256.replaceAll(':', '').toLowerCase()).toBe(fingerprint);
    const { notBefore, publicKey } = parseCertificate(bytes);
    expect(publicKey().kty).toBe('RSA');
    await expect(verifyChain([bytes], [bytes], notBefore, verifier)).resolves.toBeUndefined();
  });

  test('count with the signer of the service, for they certify everybody else too', () => {
    const own = Uint8Array.of(1);
    expect(metadataTrust(null, undefined)).toEqual({
      roots: [...metadataRoots.values()],
      signer: 'mds.fidoalliance.org',
    });
    expect(metadataTrust(own, undefined)).toEqual({ roots: [own], signer: null });
    expect(metadataTrust(own, 'a.example')).toEqual({ roots: [own], signer: 'a.example' });
  });

  test('are two', () => {
    expect([...metadataRoots.keys()]).toEqual(Object.keys(fingerprints));
  });

  test.skipIf(!have)(`are those of the machine${have ? '' : ` (skipped: ${authorities} is absent)`}`, () => {
    for (const [name, bytes] of metadataRoots) {
      const theirs = new X509Certificate(readFileSync(`${authorities}/${name.replaceAll(' ', '_')}.crt`));
      expect(new Uint8Array(theirs.raw)).toEqual(bytes);
    }
  });
});
