import { toBase64url } from '../../bytes.ts';
import { Fido2Error } from '../../errors.ts';
import { parseAttestationObject } from '../../protocol/attestation-object.ts';
import { canonical } from '../../protocol/cbor.ts';
import { isJsonObject, type JsonObject } from '../../protocol/json.ts';
import type { Verifier } from '../../protocol/verifier.ts';
import { assumedExpectations, bytesIn } from './assumed-expectations.ts';
import { isCredential, type PastedCredential, readCredential } from './pasted-credential.ts';
import { expectedByOptions, findOptions } from './pasted-options.ts';

/** What the caller adds to a ceremony, or says in place of what stands in it. */
export interface Given {
  readonly challenge?: string;
  readonly origins?: readonly string[];
  readonly rpId?: string;
  /** The options that the page handed to the browser. */
  readonly options?: unknown;
  /** The registration of the credential that signs in. */
  readonly registration?: unknown;
}

export interface CompletedCeremony {
  /** What inspectCeremony reads. */
  readonly document: JsonObject;
  /** The steps that check nothing, for what they compare with was taken from the answer itself. */
  readonly unchecked: readonly string[];
  /** Whether the signature of an authentication can be verified. */
  readonly hasKey: boolean;
}

/**
 * The document of a ceremony. One that has `kind` and `expected` stands as it is but for what is given. Anything else
 * that holds a credential is completed: by the options beside it, by what is given, and else by the answer itself; an
 * authentication also by the registration beside it. Throws `malformed`.
 */
export async function completeCeremony(pasted: unknown, given: Given, verifier: Verifier): Promise<CompletedCeremony> {
  if (typeof pasted !== 'object' || pasted === null) throw malformed('the text is no JSON of a ceremony');
  const stated: JsonObject = isJsonObject(pasted) ? pasted : {};
  const said = saidBy(given);
  if ('kind' in stated && isJsonObject(stated.expected))
    return { document: { ...stated, expected: { ...stated.expected, ...said } }, unchecked: [], hasKey: true };

  const { asked, registration } = credentialsIn(pasted, given.registration);
  const { kind, credential } = asked;
  const options = findOptions(given.options ?? pasted);
  const known: JsonObject = {
    ...(options !== null && expectedByOptions(options)),
    ...(isJsonObject(stated.expected) && stated.expected),
    ...said,
  };
  const { expected, unchecked } = await assumedExpectations(asked, known, verifier);
  if (kind === 'registration') return { document: { kind, expected, credential }, unchecked, hasKey: true };
  if (isJsonObject(stated.stored))
    return { document: { kind, expected, credential, stored: stated.stored }, unchecked, hasKey: true };

  const owner = expected.userHandle ?? credential.response.userHandle ?? credential.id;
  const stored = {
    ...(registration === null ? unknownRecord(credential.id) : recordOf(registration)),
    userHandle: owner,
  };
  return {
    document: { kind, expected: { ...expected, userHandle: owner }, credential, stored },
    unchecked: [...unchecked, '7.2.6', ...(registration === null ? ['7.2.19', '7.2.21', '7.2.22'] : [])],
    hasKey: registration !== null,
  };
}

function saidBy({ challenge, origins, rpId }: Given): JsonObject {
  return {
    ...(challenge !== undefined && { challenge }),
    ...(origins !== undefined && { origins }),
    ...(rpId !== undefined && { rpId }),
  };
}

/** The credential to judge, and for an authentication the registration that made it, if there. */
function credentialsIn(
  pasted: object,
  givenRegistration: unknown,
): { readonly asked: PastedCredential; readonly registration: PastedCredential | null } {
  const all = [...credentialsOf(pasted), ...credentialsOf(givenRegistration)].map(readCredential);
  const [registration = null, ...others] = all.filter(({ kind }) => kind === 'registration');
  const [authentication = null, ...more] = all.filter(({ kind }) => kind === 'authentication');
  const asked = authentication ?? registration;
  if (asked === null) throw malformed('there is no credential with a response in it');
  if (others.length > 0 || more.length > 0) throw malformed('there are several credentials of one kind');
  return { asked, registration };
}

function credentialsOf(value: unknown): JsonObject[] {
  if (isCredential(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).filter(isCredential) : [];
}

/** The record that a registration makes. */
function recordOf({ credential }: PastedCredential): JsonObject {
  const object = parseAttestationObject(bytesIn(credential.response, 'attestationObject'), {
    ...canonical,
    misorderedMaps: true,
  });
  const { signCount, backupEligible, backedUp } = object.authenticatorData;
  const { credentialId, publicKey } = object.attested;
  return {
    credentialId: toBase64url(credentialId),
    publicKey: toBase64url(publicKey),
    signCount,
    backupEligible,
    backedUp,
  };
}

/** A key that nothing is verified under: it only lets the guards around the signature be run. */
const noKey = 'pQECAyYgASFYIATQB3QaXdapF3F0RcQH1g11CBJptGSryO7NP8AmF8D3IlgggQO3pVSvTIEI4L9JvpdWwSQwZ2dP73OmHisbdNxnyxw';

function unknownRecord(credentialId: unknown): JsonObject {
  return { credentialId, publicKey: noKey };
}

function malformed(detail: string): Fido2Error {
  return new Fido2Error('malformed', detail);
}
