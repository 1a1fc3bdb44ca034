import * as v from 'valibot';
import { text } from './values.ts';

/** Attestation statement formats (Level 3, section 8). */
const formats = ['none', 'packed', 'tpm', 'android-key', 'apple', 'fido-u2f', 'compound', 'android-safetynet'] as const;

/** COSE algorithm identifiers that may be offered. */
export const offerableAlgorithms = [
  -7, -8, -9, -19, -35, -36, -37, -38, -39, -47, -48, -49, -50, -51, -52, -53, -257, -258, -259, -65535,
] as const;

const protectionPolicies = [
  'userVerificationOptional',
  'userVerificationOptionalWithCredentialIDList',
  'userVerificationRequired',
] as const;

export const aaguid = v.pipe(
  v.string('expected an AAGUID'),
  v.regex(
    /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'expected an AAGUID as a UUID in lower case',
  ),
);

export const aaguids = v.pipe(v.array(aaguid), v.minLength(1), v.maxLength(1000, 'at most 1000 models'));

/** Statuses after which nobody should rely on a model any more. */
export const compromisedStatuses: readonly string[] = [
  'REVOKED',
  'USER_VERIFICATION_BYPASS',
  'ATTESTATION_KEY_COMPROMISE',
  'USER_KEY_REMOTE_COMPROMISE',
  'USER_KEY_PHYSICAL_COMPROMISE',
];

/** Certification by the FIDO Alliance from the weakest to the strongest; `functional` is what FIDO_CERTIFIED says. */
export const certificationLevels = ['functional', 'L1', 'L1plus', 'L2', 'L2plus', 'L3', 'L3plus'] as const;
export type CertificationLevel = (typeof certificationLevels)[number];

/** What is asked of passkeys, as it is written. */
export const passkeysSchema = v.strictObject({
  signCount: v.optional(
    v.pipe(
      v.picklist(['refuse', 'report']),
      v.description('when a passkey’s counter does not rise, which a copy of it may cause'),
    ),
    'refuse',
  ),
  algorithms: v.optional(
    v.pipe(
      v.array(v.picklist(offerableAlgorithms, 'expected the COSE identifier of a supported algorithm')),
      v.minLength(1),
      v.description('COSE algorithms that a new passkey may have, the most wanted first'),
    ),
    [-7, -8, -257],
  ),
  attestation: v.optional(
    v.pipe(
      v.picklist(['none', 'direct', 'required', 'enterprise']),
      v.description('whether new passkeys are asked who made their authenticator, and must prove it'),
    ),
    'none',
  ),
  formats: v.optional(
    v.pipe(
      v.array(v.picklist(formats)),
      v.minLength(1),
      v.description('attestation formats that are taken; android-safetynet, whose service is closed, only where named'),
    ),
    ['none', 'packed', 'tpm', 'android-key', 'apple', 'fido-u2f', 'compound'],
  ),
  anchors: v.optional(
    v.pipe(
      v.array(text(1000)),
      v.maxLength(100, 'at most 100 files'),
      v.description('PEM files of certificates that attestations may lead to; relative to the folder of this document'),
    ),
    [],
  ),
  aaguids: v.optional(
    v.pipe(
      v.strictObject({
        allow: v.optional(
          v.pipe(aaguids, v.description('only these models; needs attestation required or enterprise')),
        ),
        deny: v.optional(v.pipe(aaguids, v.description('none of these models'))),
      }),
      v.minEntries(1, 'name allow or deny'),
      v.description('models of authenticators, by AAGUID'),
    ),
  ),
  backupEligible: v.optional(
    v.pipe(
      v.picklist(['any', 'refuse', 'require']),
      v.description('passkeys that may be copied to other devices: refuse leaves those that never leave theirs'),
    ),
    'any',
  ),
  u2fAaguid: v.optional(
    v.pipe(
      v.picklist(['zero', 'any']),
      v.description('the AAGUID of the format fido-u2f, which has none of its own; any takes the odd ones that do'),
    ),
    'zero',
  ),
  compound: v.optional(
    v.pipe(
      v.picklist(['all', 'any']),
      v.description('which statements within one of the format compound must hold, and lead to an anchor'),
    ),
    'all',
  ),
  androidKeys: v.optional(
    v.pipe(
      v.picklist(['any', 'hardware']),
      v.description('of the format android-key: hardware takes nothing that only Android’s software says of a key'),
    ),
    'any',
  ),
  extensions: v.optional(
    v.pipe(
      v.strictObject({
        credProtect: v.optional(
          v.pipe(v.picklist(protectionPolicies), v.description('how authenticators guard the passkey’s existence')),
        ),
        enforceCredProtect: v.optional(
          v.pipe(v.boolean(), v.description('refuses authenticators that cannot guard it so')),
          false,
        ),
        minPinLength: v.optional(
          v.pipe(v.boolean(), v.description('asks how long a PIN must be; only managed authenticators tell')),
          false,
        ),
      }),
      v.description('what else is asked of new passkeys'),
    ),
    {},
  ),
  metadata: v.optional(
    v.pipe(
      v.strictObject({
        refuse: v.optional(
          v.pipe(
            v.array(v.pipe(v.string(), v.regex(/^[A-Z0-9_a-z]{1,64}$/, 'expected a status of the metadata'))),
            v.description('statuses of a model that refuse it, at registration, sign-in and the gate'),
          ),
          [...compromisedStatuses],
        ),
        certification: v.optional(
          v.pipe(v.picklist(certificationLevels), v.description('the least certification by the FIDO Alliance')),
        ),
        unknown: v.optional(
          v.pipe(v.picklist(['accept', 'refuse']), v.description('models that the metadata do not have')),
          'accept',
        ),
      }),
      v.description('what the list of the FIDO Alliance must say of the model; see ngx-fido2 mds import'),
    ),
    {},
  ),
  conditionalCreate: v.optional(
    v.pipe(
      v.boolean(),
      v.description('a signed-in page may have a passkey made without a prompt, which nobody need touch for'),
    ),
    false,
  ),
  unsolicitedExtensions: v.optional(
    v.pipe(v.picklist(['ignore', 'refuse']), v.description('outputs of extensions that nobody asked for')),
    'ignore',
  ),
});

/** What a policy asks of the passkey that a session was last confirmed with, as it is written. */
export const authenticatorRule = v.pipe(
  v.strictObject({
    attested: v.optional(
      v.pipe(
        v.literal(true),
        v.description('a chain of certificates must attest who made it; always so with this rule'),
      ),
    ),
    aaguids: v.optional(v.pipe(aaguids, v.description('one of these models of authenticators suffices'))),
  }),
  v.minEntries(1, 'name attested or aaguids'),
  v.description('what the passkey must be; see passkeys.attestation'),
);

/** What is known of a passkey's authenticator. */
export interface Authenticator {
  /** Whether a chain of certificates to an anchor of the site attests who made it. */
  readonly attested: boolean;
  readonly aaguid: string;
}

export type WrittenPasskeys = v.InferOutput<typeof passkeysSchema>;

/** What is asked of passkeys. */
export interface Passkeys extends Omit<WrittenPasskeys, 'aaguids' | 'metadata'> {
  readonly aaguids: {
    /** null: every model. */
    readonly allow: readonly string[] | null;
    readonly deny: readonly string[];
  };
  readonly metadata: {
    readonly refuse: readonly string[];
    readonly certification: CertificationLevel | null;
    readonly unknown: 'accept' | 'refuse';
  };
}

export function toPasskeys({ aaguids: models, metadata, ...written }: WrittenPasskeys): Passkeys {
  return {
    ...written,
    aaguids: { allow: models?.allow ?? null, deny: models?.deny ?? [] },
    metadata: { ...metadata, certification: metadata.certification ?? null },
  };
}

/** Whether a passkey is taken only if a certificate chain proves who made its authenticator. */
export function needsAttestation({ attestation }: Pick<Passkeys, 'attestation'>): boolean {
  return attestation === 'required' || attestation === 'enterprise';
}
