import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64url, toBase64url } from '../../src/bytes.ts';
import { Fido2Error } from '../../src/errors.ts';
import { createAuthority } from '../helpers/certificates.ts';
import { authenticate, createAuthenticator, creation, register } from './ceremony.ts';

const authority = createAuthority('Root of the mutations');
const authenticator = createAuthenticator({ attestation: 'packed-x5c', authority });
const registration = authenticator.create(creation);

/** The text in base64url with one byte of it changed. */
function mutate(text: string, position: number, mask: number): string {
  const bytes = fromBase64url(text);
  if (bytes === null) throw new Error('not base64url');
  const at = position % bytes.length;
  return toBase64url(Uint8Array.from(bytes, (byte, i) => (i === at ? byte ^ mask : byte)));
}

/** Resolves to the error of an attempt, which is a coded one with its step. */
async function refusalOf(attempt: Promise<unknown>): Promise<Fido2Error> {
  const error = await attempt.then(
    () => new Error('accepted'),
    (reason: unknown) => reason,
  );
  if (error instanceof Fido2Error) return error;
  throw error;
}

const position = fc.nat();
const mask = fc.integer({ min: 1, max: 255 });

test('no byte of an attested registration can be changed', async () => {
  const member = fc.constantFrom('clientDataJSON', 'attestationObject');
  await fc.assert(
    fc.asyncProperty(member, position, mask, async (name, at, bits) => {
      const response = { ...registration.response, [name]: mutate(registration.response[name], at, bits) };
      const attempt = register({
        json: () => ({ ...registration, response }),
        expected: { trustAnchors: [authority.certificate] },
      });
      expect((await refusalOf(attempt)).step).toMatch(/^7\.1\./);
    }),
    { numRuns: 400 },
  );
});

test('no byte of an assertion can be changed', async () => {
  const member = fc.constantFrom('clientDataJSON', 'authenticatorData', 'signature', 'userHandle');
  await fc.assert(
    fc.asyncProperty(member, position, mask, async (name, at, bits) => {
      const json = (answer: Record<string, unknown>): unknown => {
        const response = answer.response as Record<string, string>;
        return { ...answer, response: { ...response, [name]: mutate(response[name] ?? '', at, bits) } };
      };
      expect((await refusalOf(authenticate({ json }))).step).toMatch(/^7\.2\./);
    }),
    { numRuns: 200 },
  );
});

test('arbitrary attestation objects are refused with a code', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
      const response = { ...registration.response, attestationObject: toBase64url(bytes) };
      expect((await refusalOf(register({ json: () => ({ ...registration, response }) }))).step).toBe('7.1.13');
    }),
  );
});
