import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromUtf8, toBase64url } from '../../src/bytes.ts';
import { Fido2Error } from '../../src/errors.ts';
import { algorithms } from '../../src/protocol/algorithms.ts';
import { formatsOfAllTimes } from '../../src/protocol/attestation/formats.ts';
import { parseAttestationObject } from '../../src/protocol/attestation-object.ts';
import { parseAuthenticatorData } from '../../src/protocol/authenticator-data.ts';
import { decodeCbor } from '../../src/protocol/cbor.ts';
import { verifyChain } from '../../src/protocol/chain.ts';
import { decodeClientData, parseClientData } from '../../src/protocol/client-data.ts';
import { parseCoseKey, toPublicKey } from '../../src/protocol/cose-key.ts';
import { parseJws, verifyJws } from '../../src/protocol/jws.ts';
import { readMetadataBlob } from '../../src/protocol/metadata-blob.ts';
import { requireOrigin, requireSameSite, requireTopOrigin } from '../../src/protocol/origin.ts';
import { verifyRegistration } from '../../src/protocol/registration.ts';
import { parseAuthenticationResponse, parseRegistrationResponse } from '../../src/protocol/response-json.ts';
import { parseCertifyInfo, parsePublicArea } from '../../src/protocol/tpm.ts';
import type { Verifier } from '../../src/protocol/verifier.ts';
import { basicConstraints, isForHost, nameAttributes, parseCertificate } from '../../src/protocol/x509.ts';
import type { FuzzInputs } from './seeds.ts';
import { bounded } from './work.ts';

/** Written by the seeds: what the ceremonies of the seeds were asked for, and the anchors of their chains. */
const inputs: FuzzInputs = JSON.parse(readFileSync(`${__dirname}/inputs.json`, 'utf8'));
const anchors = inputs.anchors.map((text) => new Uint8Array(Buffer.from(text, 'base64')));
const ceremonies = inputs.ceremonies.map(({ clientData, ...rest }) => ({
  ...rest,
  clientDataJSON: new Uint8Array(Buffer.from(clientData, 'base64')),
}));

/** Every signature holds, so that the guards behind it are reached too; hashes are what they are. */
const verifier: Verifier = {
  digest: async (hash, bytes) => new Uint8Array(createHash(hash.replace('-', '')).update(bytes).digest()),
  verify: async (key) => key.kty !== undefined,
};

/** What a function does with an input: anything but a refusal with a code is a finding. */
function refusing(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Fido2Error)) throw error;
  }
}

function attestation(input: Uint8Array): unknown {
  const [index = 0] = input;
  const ceremony = ceremonies[index % ceremonies.length];
  if (ceremony === undefined) throw new Error('no ceremonies');
  const attestationObject = input.subarray(1);
  const { clientDataJSON, challenge, ...expected } = ceremony;
  const rules = { size: 65536, depth: 4, misorderedMaps: true };
  const id = parseAttestationObject(attestationObject, rules).attested.credentialId;
  return verifyRegistration(
    { id, clientDataJSON, attestationObject, transports: [], clientExtensionResults: {} },
    {
      ...expected,
      challenge: new Uint8Array(Buffer.from(challenge, 'base64')),
      userVerification: 'discouraged',
      crossOrigin: true,
      algorithms: algorithms.map(({ id }) => id),
      formats: formatsOfAllTimes,
      trustAnchors: anchors,
      misorderedMaps: true,
      credentialExists: async () => false,
    },
    verifier,
  );
}

function certificate(input: Uint8Array): void {
  const read = parseCertificate(input);
  for (const part of [
    () => read.publicKey(),
    () => nameAttributes(read.issuer),
    () => nameAttributes(read.subject),
    () => basicConstraints(read),
    () => isForHost(read, 'attest.android.com'),
  ])
    refusing(part);
}

/** Certificates, each behind two bytes with its length. */
function chain(input: Uint8Array): unknown {
  const path: Uint8Array[] = [];
  for (let at = 0; at + 2 <= input.length && path.length < 9; ) {
    const length = (input[at] ?? 0) * 256 + (input[at + 1] ?? 0);
    path.push(input.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return verifyChain(path, anchors, inputs.time, verifier);
}

function clientData(input: Uint8Array): void {
  const data = parseClientData(decodeClientData(input, ''), '');
  const expected = { origins: ['https://example.org'], crossOrigin: true, topOrigins: ['https://example.com'] };
  for (const guard of [requireOrigin, requireSameSite, requireTopOrigin]) refusing(() => guard(data, expected, ''));
}

function responses(input: Uint8Array): void {
  const text = fromUtf8(input);
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch (error) {
    if (error instanceof SyntaxError) return;
    throw error;
  }
  refusing(() => parseRegistrationResponse(value));
  refusing(() => parseAuthenticationResponse(value));
}

/** A payload under a header that holds. */
function blob(input: Uint8Array): unknown {
  const text = `${inputs.blobHeader}.${toBase64url(input)}.AAAA`;
  return readMetadataBlob(text, { roots: anchors, signer: null, time: inputs.time }, verifier);
}

/** Of the first anchor, on P-256. */
const signerKey = parseCertificate(anchors[0] ?? new Uint8Array()).publicKey();

const hoard: Uint8Array[] = [];

const functions: Readonly<Record<string, (input: Uint8Array) => unknown>> = {
  cbor: decodeCbor,
  key: (input) => toPublicKey(parseCoseKey(input)),
  data: parseAuthenticatorData,
  attestation,
  certificate,
  chain,
  tpm: (input) => {
    refusing(() => parsePublicArea(input));
    refusing(() => parseCertifyInfo(input));
  },
  client: clientData,
  response: responses,
  jws: (input) => verifyJws(parseJws(fromUtf8(input) ?? ''), signerKey, verifier),
  blob,
  // what shows that a defect and a leak are found: the test of the fuzzer runs these
  planted: (input) => {
    if (fromUtf8(input.subarray(0, 3)) === 'bug') throw new TypeError('found');
  },
  hoarding: () => hoard.push(new Uint8Array(4096).fill(1)),
};

const work = functions[process.env.FUZZ_TARGET ?? ''];
if (work === undefined) throw new Error('FUZZ_TARGET names no target');

/** What libFuzzer hands its inputs. */
export const fuzz: (data: Buffer) => void = bounded((input) => refusing(() => work(input)));
