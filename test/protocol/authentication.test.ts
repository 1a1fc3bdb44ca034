import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../helpers/cbor.ts';
import { ecKeys } from '../helpers/certificates.ts';
import { algorithmNames, coseKeyOf } from '../helpers/credential-keys.ts';
import { type Authentication, authenticate, userHandle } from './ceremony.ts';

const withHandle =
  (handle: unknown) =>
  (answer: Record<string, unknown>): unknown => ({
    ...answer,
    response: { ...(answer.response as object), userHandle: handle },
  });

describe('accepts', () => {
  const algorithms = algorithmNames.filter((name) => name !== 'RS1');
  test.each(algorithms)('%s', async (algorithm) => {
    expect(await authenticate({ options: { algorithm } })).toMatchObject({ signCount: 2, signCountRegressed: false });
  });

  const fine: readonly (Authentication & { readonly what: string })[] = [
    { what: 'no counter on either side (7.2.22)', options: { counterStep: 0 } },
    {
      what: 'a user who is known and whom the answer does not name (7.2.6)',
      expected: { userHandle },
      json: withHandle(undefined),
    },
    { what: 'userHandle null (7.2.6)', expected: { userHandle }, json: withHandle(null) },
    {
      what: 'the application identifier of appid (7.2.15)',
      tamper: { rpId: 'https://example.org/appid.json', clientExtensionResults: { appid: true } },
      expected: { appid: 'https://example.org/appid.json' },
    },
    {
      what: 'no verification where discouraged (7.2.17)',
      options: { userVerification: false },
      expected: { userVerification: 'discouraged' },
    },
    {
      what: 'a backup state that changed (7.2.19)',
      options: { backupEligible: true, backedUp: true },
      stored: { backedUp: false },
    },
    {
      what: 'a record without the eligibility (7.2.19)',
      options: { backupEligible: true },
      stored: { backupEligible: null },
    },
  ];
  test.each(fine)('$what', async (changes) => {
    expect(await authenticate(changes)).toHaveProperty('signCount');
  });

  test('a stored key whose parameters are out of order: it was registered by a policy that accepts them', async () => {
    const keys = ecKeys();
    const [head = 0, ...rest] = encodeCbor(coseKeyOf(keys.publicKey, 'ES256'));
    const publicKey = Uint8Array.of(head, ...rest.slice(2, 4), ...rest.slice(0, 2), ...rest.slice(4));
    expect(await authenticate({ options: { keys }, stored: { publicKey } })).toHaveProperty('signCount');
  });

  test('a counter that did not grow, reported by policy', async () => {
    const result = await authenticate({ stored: { signCount: 2 }, expected: { signCount: 'report' } });
    expect(result).toMatchObject({ signCount: 2, signCountRegressed: true });
  });
});
