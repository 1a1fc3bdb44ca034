import { toBase64url } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import type { AuthenticationExpectation } from '../protocol/authentication.ts';
import { isJsonObject } from '../protocol/json.ts';
import type { RegistrationExpectation } from '../protocol/registration.ts';
import { FileError } from '../store/ports.ts';
import type { Context } from './context.ts';
import { appendLine, clock, files, log } from './runtime.ts';

/** A ceremony as the guards are given it, and the credential as the client sent it. */
export type Ceremony =
  | {
      readonly kind: 'registration';
      readonly expected: RegistrationExpectation;
      /** The names of those that are accepted. */
      readonly formats: readonly string[];
      readonly credential: Sent;
    }
  | { readonly kind: 'authentication'; readonly expected: AuthenticationExpectation; readonly credential: Sent };

type Sent = Readonly<Record<string, unknown>>;

/** Bytes of a line, and of the file: who makes ceremonies fail fills no disk. */
const longestLine = 32_768;
const largestFile = 4 * 1024 * 1024;

/**
 * Runs the guards. A ceremony that one of them refuses is kept in ceremonies.log where `audit.ceremonies` says so: one
 * line in the form that `ngx-fido2 inspect` reads, which then ends at the same guard. It holds no header and no cookie.
 */
export async function keptIfRefused<T>(context: Context, ceremony: Ceremony, verify: () => Promise<T>): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    if (context.service.settings.audit.ceremonies && error instanceof Fido2Error) keep(context, ceremony, error);
    throw error;
  }
}

/** What cannot be kept is told and changes nothing for the client. */
function keep({ service, request }: Context, ceremony: Ceremony, { step }: Fido2Error): void {
  const path = `${service.folder}/ceremonies.log`;
  try {
    const line = asciiOf(JSON.stringify({ ref: request.ref, ...documentOf(ceremony, step) }));
    if (line.length > longestLine) log.warn(`${request.ref} ceremony of ${line.length} bytes is not kept`);
    else if (sizeOf(path) + line.length > largestFile) log.warn(`${request.ref} ceremony is not kept, ${path} is full`);
    else appendLine(path, line);
  } catch (error) {
    log.error(`${request.ref} ceremony is not kept: ${(error as Error).message}`);
  }
}

/** A client chose some of it: nothing that a terminal acts on, and a character is a byte. */
function asciiOf(json: string): string {
  return json.replace(/[^ -~]/g, (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function sizeOf(path: string): number {
  try {
    return files.stat(path).size;
  } catch (error) {
    if (error instanceof FileError && error.failure === 'absent') return 0;
    throw error;
  }
}

function documentOf(ceremony: Ceremony, step: string | undefined): object {
  const time = new Date(clock.now()).toISOString();
  const { id, rawId, type, authenticatorAttachment, response, clientExtensionResults } = ceremony.credential;
  const results = told(clientExtensionResults);
  const credential = { id, rawId, type, authenticatorAttachment, response, clientExtensionResults: results };
  if (ceremony.kind === 'registration') {
    const { kind, expected, formats } = ceremony;
    const trustAnchors = expected.trustAnchors?.map(pem) ?? null;
    const credentialExists = step === '7.1.26';
    return { kind, expected: { ...written(expected), formats, time, trustAnchors, credentialExists }, credential };
  }
  const { kind, expected } = ceremony;
  const { stored, signCount, ...rest } = expected;
  // the form has no word for a counter that is only reported
  const counter = signCount === 'report' ? { signCount: 0 } : {};
  const record = stored === null ? null : { ...written(stored), ...counter };
  return { kind, expected: { ...written(rest), time }, credential, stored: record };
}

/** Bytes in base64url, lists of bytes too. */
function written(members: object): object {
  const one = (value: unknown): unknown => (value instanceof Uint8Array ? toBase64url(value) : value);
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => [name, Array.isArray(value) ? value.map(one) : one(value)]),
  );
}

/** Without what prf and largeBlob put out: keys and data of the person's own. */
function told(results: unknown): unknown {
  if (!isJsonObject(results)) return results;
  const { prf, largeBlob, ...rest } = results;
  return {
    ...rest,
    ...(isJsonObject(prf) ? { prf: { ...prf, results: undefined } } : {}),
    ...(isJsonObject(largeBlob) ? { largeBlob: { ...largeBlob, blob: undefined } } : {}),
  };
}

function pem(bytes: Uint8Array): string {
  const base64 = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/');
  return `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----`;
}
