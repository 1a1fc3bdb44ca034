import * as v from 'valibot';
import { fromBase64, fromBase64url } from '../bytes.ts';
import { credentialAlgorithms } from './algorithms.ts';
import { formatsOfAllTimes } from './attestation/formats.ts';
import { bytesInBase64url as bytes } from './byte-schema.ts';
import { isJsonObject, type JsonObject } from './json.ts';

/** The certificates of a PEM file, or one in bare base64. */
const certificates = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value;
    const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)];
    const encoded = blocks.length > 0 ? blocks.map(([, base64 = '']) => base64) : [text];
    const decode = (base64: string): Uint8Array | null => fromBase64(base64) ?? fromBase64url(base64);
    const decoded = encoded.flatMap((base64) => decode(base64.replace(/\s/g, '')) ?? []);
    if (decoded.length === encoded.length && decoded.every(({ length }) => length > 0)) return decoded;
    addIssue({ message: 'not a certificate in PEM' });
    return NEVER;
  }),
);

const anchors = v.pipe(
  v.array(certificates),
  v.transform((files) => files.flat()),
);

const time = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.number('not a time in ISO 8601'),
);

const flag = v.nullish(v.boolean(), false);
const object = v.custom<JsonObject>(isJsonObject, 'not an object');

const expectation = v.object({
  challenge: bytes,
  origins: v.array(v.string()),
  rpId: v.string(),
  userVerification: v.nullish(v.picklist(['required', 'preferred', 'discouraged']), 'preferred'),
  algorithms: v.nullish(v.array(v.number()), () => credentialAlgorithms.map(({ id }) => id)),
  time: v.nullish(time, null),
  trustAnchors: v.nullish(anchors, null),
  attestationRequired: flag,
  formats: v.nullish(v.array(v.string()), () => [...formatsOfAllTimes.keys()]),
  compound: v.nullish(v.picklist(['all', 'any']), 'all'),
  teeOnly: flag,
  mediation: v.nullish(v.string()),
  allowCredentials: v.nullish(v.array(bytes), []),
  userHandle: v.nullish(bytes, null),
  crossOrigin: flag,
  topOrigins: v.nullish(v.array(v.string()), []),
  appid: v.nullish(v.string()),
  extensions: v.nullish(object, {}),
  unsolicitedExtensions: v.nullish(v.picklist(['ignore', 'refuse']), 'ignore'),
  credentialExists: flag,
  misorderedMaps: flag,
});

const stored = v.object({
  credentialId: bytes,
  publicKey: bytes,
  signCount: v.nullish(v.number(), 0),
  userHandle: bytes,
  backupEligible: v.nullish(v.boolean(), null),
  backedUp: flag,
});

const registration = v.object({ kind: v.literal('registration'), expected: expectation, credential: v.unknown() });

const authentication = v.object({
  kind: v.literal('authentication'),
  expected: expectation,
  credential: v.unknown(),
  stored: v.nullish(stored, null),
});

/** The document of `ngx-fido2 inspect`: a recorded ceremony with what was expected of it. */
export const ceremonyDocument = v.variant('kind', [registration, authentication]);

export type RegistrationDocument = v.InferOutput<typeof registration>;
export type AuthenticationDocument = v.InferOutput<typeof authentication>;
