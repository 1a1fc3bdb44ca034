import { equal, fromBase64, fromUtf8 } from '../../bytes.ts';
import { Fido2Error } from '../../errors.ts';
import { hasExactly } from '../cbor.ts';
import { type Jws, parseJws } from '../jws.ts';
import type { Verifier } from '../verifier.ts';
import { isForHost, parseCertificate } from '../x509.ts';
import {
  type Attestation,
  type AttestationInput,
  bytesMember,
  certificatePath,
  requireStatement,
  signedBytes,
} from './format.ts';

const rs256 = -257;
const host = 'attest.android.com';

/** Characters of a response: a chain of certificates is in it. */
const responseLimit = 32_768;

/** Milliseconds that a response may be old, and that its clock may be ahead. */
const oldest = 60_000;
const ahead = 10_000;

/** Level 3, section 8.5. Google has closed the service, so this is for devices and records of its time. */
export async function verifyAndroidSafetynet(input: AttestationInput, verifier: Verifier): Promise<Attestation> {
  const { statement, time } = input;
  requireStatement(hasExactly(statement, 'ver', 'response'), 'the statement is not ver and response');
  const ver = statement.get('ver');
  requireStatement(typeof ver === 'string' && ver !== '', 'ver names no version');
  const { header, payload, signed, signature } = readResponse(bytesMember(statement, 'response'));

  const expected = await verifier.digest('SHA-256', signedBytes(input));
  const nonce = typeof payload.nonce === 'string' ? fromBase64(payload.nonce) : null;
  requireStatement(nonce !== null && equal(nonce, expected), "the response's nonce is not that of this ceremony");
  requireStatement(payload.ctsProfileMatch === true, "the device does not match a profile of Android's tests");
  const { timestampMs } = payload;
  const isRecent = typeof timestampMs === 'number' && timestampMs >= time - oldest && timestampMs <= time + ahead;
  requireStatement(isRecent, `a response of ${String(timestampMs)}, expected one of the minute before ${time}`);

  requireStatement(header.alg === 'RS256', `a response signed with ${JSON.stringify(header.alg)}, expected RS256`);
  const trustPath = certificatePath(new Map([['x5c', certificates(header.x5c)]]));
  const certificate = parseCertificate(trustPath[0]);
  requireStatement(isForHost(certificate, host), `the response's certificate is not for ${host}`);
  const holds = await verifier.verify(certificate.publicKey(), rs256, signed, signature);
  requireStatement(holds, "the response's signature does not hold");
  return { type: 'basic', trustPath };
}

function readResponse(bytes: Uint8Array): Jws {
  try {
    return parseJws(fromUtf8(bytes) ?? '', responseLimit);
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
    throw new Fido2Error('attestation_invalid', `the response is no JWS: ${error.message}`, { cause: error });
  }
}

function certificates(x5c: unknown): unknown {
  return Array.isArray(x5c) ? x5c.map((text: unknown) => (typeof text === 'string' ? fromBase64(text) : null)) : null;
}
