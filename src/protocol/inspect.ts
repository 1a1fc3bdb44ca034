import * as v from 'valibot';
import { fromBase64url, toBase64url } from '../bytes.ts';
import { type ErrorCode, Fido2Error } from '../errors.ts';
import { credentialAlgorithms } from './algorithms.ts';
import { formatsOfAllTimes } from './attestation/formats.ts';
import { verifyAuthentication } from './authentication.ts';
import { bytesInBase64url as bytes } from './byte-schema.ts';
import { canonical } from './cbor.ts';
import { parseCoseKey } from './cose-key.ts';
import { verifyRegistration } from './registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from './response-json.ts';
import type { Verifier } from './verifier.ts';

/** What came of a recorded ceremony: what was found, or the guard that refused it. */
export type Inspection =
  | ({ readonly verified: true } & Readonly<Record<string, unknown>>)
  | { readonly verified: false; readonly code: ErrorCode; readonly step?: string; readonly detail: string };

const pem = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const base64 = dataset.value.replace(/-----(BEGIN|END) CERTIFICATE-----|\s/g, '');
    const decoded = fromBase64url(base64.replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, ''));
    if (decoded !== null && decoded.length > 0) return decoded;
    addIssue({ message: 'not a certificate in PEM' });
    return NEVER;
  }),
);

const time = v.pipe(
  v.string(),
  v.transform((text) => Date.parse(text)),
  v.number('not a time in ISO 8601'),
);

const flag = v.nullish(v.boolean(), false);

const expectation = v.object({
  challenge: bytes,
  origins: v.array(v.string()),
  rpId: v.string(),
  userVerification: v.nullish(v.picklist(['required', 'preferred', 'discouraged']), 'preferred'),
  algorithms: v.nullish(v.array(v.number()), () => credentialAlgorithms.map(({ id }) => id)),
  time: v.nullish(time, null),
  trustAnchors: v.nullish(v.array(pem), null),
  attestationRequired: flag,
  mediation: v.nullish(v.string()),
  allowCredentials: v.nullish(v.array(bytes), []),
  userHandle: v.nullish(bytes),
  crossOrigin: flag,
  topOrigins: v.nullish(v.array(v.string()), []),
  appid: v.nullish(v.string()),
  extensions: v.nullish(v.record(v.string(), v.unknown()), {}),
  credentialExists: flag,
  misorderedMaps: flag,
});

const registration = v.object({
  kind: v.literal('registration'),
  expected: expectation,
  credential: v.unknown(),
});

const authentication = v.object({
  kind: v.literal('authentication'),
  expected: expectation,
  credential: v.unknown(),
  stored: v.object({
    credentialId: bytes,
    publicKey: bytes,
    signCount: v.nullish(v.number(), 0),
    userHandle: bytes,
    backupEligible: v.nullish(v.boolean(), null),
    backedUp: flag,
  }),
});

const ceremony = v.variant('kind', [registration, authentication]);

type Registration = v.InferOutput<typeof registration>;
type Authentication = v.InferOutput<typeof authentication>;

/**
 * Runs the guards of a ceremony over a recorded one (the document of `ngx-fido2 inspect`). `now` in milliseconds is
 * the time of a document that names none. A document that is malformed itself is refused without a step.
 */
export async function inspectCeremony(document: unknown, verifier: Verifier, now: number): Promise<Inspection> {
  const read = v.safeParse(ceremony, document, { abortEarly: true });
  if (!read.success) {
    const [issue] = read.issues;
    return { verified: false, code: 'malformed', detail: `${v.getDotPath(issue) ?? 'document'}: ${issue.message}` };
  }
  try {
    return read.output.kind === 'registration'
      ? await inspectRegistration(read.output, verifier, now)
      : await inspectAuthentication(read.output, verifier);
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
    const { code, step, message } = error;
    return { verified: false, code, ...(step !== undefined && { step }), detail: message };
  }
}

async function inspectRegistration(document: Registration, verifier: Verifier, now: number): Promise<Inspection> {
  const { mediation, credentialExists, time: at, ...expected } = document.expected;
  const response = parseRegistrationResponse(document.credential);
  const result = await verifyRegistration(
    response,
    {
      ...expected,
      formats: formatsOfAllTimes,
      time: at ?? now,
      ...(mediation === 'conditional' && { mediation }),
      credentialExists: async () => credentialExists,
    },
    verifier,
  );
  const { credentialId, publicKey, extensions, ...rest } = result;
  return { verified: true, ...rest, credentialId: toBase64url(credentialId), publicKey: toBase64url(publicKey) };
}

async function inspectAuthentication(document: Authentication, verifier: Verifier): Promise<Inspection> {
  const { stored } = document;
  const { userHandle, ...expected } = document.expected;
  const appid = expected.appid ?? expected.extensions.appid;
  const response = parseAuthenticationResponse(document.credential);
  const result = await verifyAuthentication(
    response,
    {
      ...expected,
      stored,
      userHandle: userHandle ?? null,
      appid: typeof appid === 'string' ? appid : null,
    },
    verifier,
  );
  const { credentialId, extensions, ...rest } = result;
  const { algorithm } = parseCoseKey(stored.publicKey, { ...canonical, misorderedMaps: true });
  return { verified: true, algorithm, ...rest, credentialId: toBase64url(credentialId) };
}
