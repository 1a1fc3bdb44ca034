import { fromBase64 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { verifyChain } from './chain.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { type Jws, parseJws, verifyJws } from './jws.ts';
import { type MetadataEntry, readMetadataEntry } from './metadata-entry.ts';
import type { Verifier } from './verifier.ts';
import { isForHost, parseCertificate } from './x509.ts';

/** A BLOB of the FIDO Metadata Service (v3.0, section 3.1.6) whose signature holds. */
export interface MetadataBlob {
  /** What the reader of the BLOB agrees to; empty where it says nothing. */
  readonly legalHeader: string;
  /** The serial number, which rises with each BLOB. */
  readonly no: number;
  /** The end of the day on which the next one is there at latest; milliseconds since 1970. */
  readonly nextUpdate: number;
  /** Those of FIDO2 and U2F; the ones of UAF are left out. */
  readonly entries: readonly MetadataEntry[];
}

export interface MetadataExpectation {
  /** Certificates in DER that the signer's chain must lead to. */
  readonly roots: readonly Uint8Array[];
  /** The host that the signer's certificate must be for; null: any, where the roots certify nobody else. */
  readonly signer: string | null;
  /** When certificates are to be valid and the next BLOB not yet due; milliseconds since 1970. */
  readonly time: number;
}

/** Characters. What the service publishes has about ten million. */
const blobLimit = 64_000_000;
const entryLimit = 20_000;
const chainLimit = 8;
const day = 86_400_000;

/**
 * Reads a BLOB after its signature, its signer's chain and its time held (section 3.2; certificates are not looked up
 * in lists of revoked ones). Throws `metadata_invalid`, `certificate_invalid` and
 * `attestation_untrusted`.
 */
export async function readMetadataBlob(
  text: string,
  expected: MetadataExpectation,
  verifier: Verifier,
): Promise<MetadataBlob> {
  const jws = parseJws(text.trim(), blobLimit, 'metadata_invalid');
  const chain = readChain(jws.header);
  await verifyChain(chain, expected.roots, expected.time, verifier);
  const [signer] = chain.map(parseCertificate);
  if (signer === undefined || (expected.signer !== null && !isForHost(signer, expected.signer)))
    throw invalid(`the signer's certificate is not for ${expected.signer}`);
  if (!(await verifyJws(jws, signer.publicKey(), verifier))) throw invalid('the signature does not hold');
  return readPayload(jws, expected.time);
}

/** The certificates that stand in the header; a BLOB that only tells where they are is not followed there. */
function readChain({ x5c, crit }: JsonObject): Uint8Array[] {
  if (crit !== undefined) throw invalid('the header asks for extensions');
  if (!Array.isArray(x5c) || x5c.length === 0 || x5c.length > chainLimit)
    throw invalid(`the header's x5c is not a list of 1 to ${chainLimit} certificates`);
  return x5c.map((item: unknown) => {
    const bytes = typeof item === 'string' ? fromBase64(item) : null;
    if (bytes === null) throw invalid("the header's x5c holds something else than base64");
    return bytes;
  });
}

function readPayload({ payload }: Jws, time: number): MetadataBlob {
  const { legalHeader = '', no, nextUpdate, entries } = payload;
  if (typeof legalHeader !== 'string') throw invalid('legalHeader is no text');
  if (typeof no !== 'number' || !Number.isSafeInteger(no) || no < 0) throw invalid('no is no serial number');
  if (!Array.isArray(entries) || entries.length > entryLimit)
    throw invalid(`entries is not a list of at most ${entryLimit}`);
  const due = readDate(nextUpdate);
  if (due === null) throw invalid('nextUpdate is no date');
  if (time >= due + day) throw invalid(`out of date: number ${no} was to be replaced by ${String(nextUpdate)}`);
  return {
    legalHeader,
    no,
    nextUpdate: due + day,
    entries: entries.flatMap((entry: unknown, index) => {
      if (!isJsonObject(entry)) throw invalid(`entry ${index} is no object`);
      return readMetadataEntry(entry, `entry ${index}`) ?? [];
    }),
  };
}

/** The first moment of a day in UTC. */
function readDate(value: unknown): number | null {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(value)) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}

function invalid(detail: string): Fido2Error {
  return new Fido2Error('metadata_invalid', detail);
}
