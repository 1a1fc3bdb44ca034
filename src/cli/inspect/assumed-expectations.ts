import { equal, fromBase64url, fromUtf8, utf8 } from '../../bytes.ts';
import { Fido2Error } from '../../errors.ts';
import { parseAttestationObject } from '../../protocol/attestation-object.ts';
import { canonical } from '../../protocol/cbor.ts';
import { type JsonObject, parseJsonObject } from '../../protocol/json.ts';
import type { Verifier } from '../../protocol/verifier.ts';
import type { PastedCredential } from './pasted-credential.ts';

/** The steps that compare with what nobody said. */
const steps = {
  registration: { challenge: '7.1.8', origins: '7.1.9', rpId: '7.1.14' },
  authentication: { challenge: '7.2.11', origins: '7.2.12', rpId: '7.2.15' },
};

/** What is known, completed by what the answer says of itself; and the steps that compare the answer with itself. */
export async function assumedExpectations(
  { kind, credential }: PastedCredential,
  known: JsonObject,
  verifier: Verifier,
): Promise<{ readonly expected: JsonObject; readonly unchecked: readonly string[] }> {
  const { response } = credential;
  const text = fromUtf8(bytesIn(response, 'clientDataJSON')) ?? '';
  const { challenge, origin } = parseJsonObject(text.replace(/^\ufeff/, '')) ?? {};
  const rpId = known.rpId ?? (await relyingPartyOf(kind, response, String(origin), verifier));
  const assumed = { challenge: typeof challenge === 'string' ? challenge : '', origins: [String(origin)], rpId };
  const names = ['challenge', 'origins', 'rpId'] as const;
  const unchecked = names.filter((name) => known[name] === undefined).map((name) => steps[kind][name]);
  return { expected: { ...assumed, ...known }, unchecked };
}

/** The host of the origin or the parent domain of it whose hash the authenticator signed; the host if there is none. */
async function relyingPartyOf(
  kind: PastedCredential['kind'],
  response: JsonObject,
  origin: string,
  verifier: Verifier,
): Promise<string> {
  const host = /^https?:\/\/([^/:]+)(:\d+)?$/.exec(origin)?.[1];
  if (host === undefined)
    throw new Fido2Error(
      'malformed',
      `the origin ${JSON.stringify(origin)} names no host; give the relying party by --rp-id`,
    );
  const signed = signedHash(kind, response);
  const labels = host.split('.');
  for (const [index] of labels.entries()) {
    const candidate = labels.slice(index).join('.');
    if (equal(await verifier.digest('SHA-256', utf8(candidate)), signed)) return candidate;
  }
  return host;
}

/** rpIdHash; empty where the bytes are broken, which the guards then say. */
function signedHash(kind: PastedCredential['kind'], response: JsonObject): Uint8Array {
  if (kind === 'authentication') return bytesIn(response, 'authenticatorData').subarray(0, 32);
  try {
    const rules = { ...canonical, misorderedMaps: true };
    return parseAttestationObject(bytesIn(response, 'attestationObject'), rules).authenticatorData.rpIdHash;
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
    return new Uint8Array(0);
  }
}

/** A member that readCredential has brought to base64url. */
export function bytesIn(response: JsonObject, name: string): Uint8Array {
  const value = response[name];
  return (typeof value === 'string' ? fromBase64url(value) : null) ?? new Uint8Array(0);
}
