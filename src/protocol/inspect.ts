import * as v from 'valibot';
import { toBase64url } from '../bytes.ts';
import { type ErrorCode, Fido2Error } from '../errors.ts';
import { selectFormats } from './attestation/formats.ts';
import { verifyAuthentication } from './authentication.ts';
import { type AuthenticationDocument, ceremonyDocument, type RegistrationDocument } from './inspect-document.ts';
import { verifyRegistration } from './registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from './response-json.ts';
import type { Verifier } from './verifier.ts';

/** What came of a recorded ceremony: what was found, or the guard that refused it. */
export type Inspection = VerifiedCeremony | RefusedCeremony;

export type VerifiedCeremony = { readonly verified: true } & Readonly<Record<string, unknown>>;

export interface RefusedCeremony {
  readonly verified: false;
  readonly code: ErrorCode;
  readonly step?: string;
  readonly detail: string;
}

/**
 * Runs the guards of a ceremony over a recorded one (the document of `ngx-fido2 inspect`). `now` in milliseconds is
 * the time of a document that names none. A document that is malformed itself is refused without a step.
 */
export async function inspectCeremony(document: unknown, verifier: Verifier, now: number): Promise<Inspection> {
  const read = v.safeParse(ceremonyDocument, document, { abortEarly: true });
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
    return refusedCeremony(error);
  }
}

export function refusedCeremony({ code, step, message }: Fido2Error): RefusedCeremony {
  return { verified: false, code, ...(step !== undefined && { step }), detail: message };
}

async function inspectRegistration(
  document: RegistrationDocument,
  verifier: Verifier,
  now: number,
): Promise<VerifiedCeremony> {
  const { mediation, credentialExists, time: at, formats, ...expected } = document.expected;
  const response = parseRegistrationResponse(document.credential);
  const result = await verifyRegistration(
    response,
    {
      ...expected,
      formats: selectFormats(formats),
      time: at ?? now,
      ...(mediation === 'conditional' && { mediation }),
      credentialExists: async () => credentialExists,
    },
    verifier,
  );
  const { credentialId, publicKey, extensions, attestation, ...rest } = result;
  return { verified: true, ...rest, credentialId: toBase64url(credentialId), publicKey: toBase64url(publicKey) };
}

async function inspectAuthentication(document: AuthenticationDocument, verifier: Verifier): Promise<VerifiedCeremony> {
  const { stored, expected } = document;
  const appid = expected.appid ?? expected.extensions.appid;
  const response = parseAuthenticationResponse(document.credential);
  const result = await verifyAuthentication(
    response,
    { ...expected, stored, appid: typeof appid === 'string' ? appid : null },
    verifier,
  );
  const { credentialId, extensions, ...rest } = result;
  return { verified: true, ...rest, credentialId: toBase64url(credentialId) };
}
