import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The recorded vectors lie beside the repository. Where they are absent, their tests skip and say so. */
const folder = fileURLToPath(new URL('../../../shared/vectors/', import.meta.url));

export const haveVectors = existsSync(folder);
export const vectorsNote = haveVectors ? '' : ' (skipped: ../shared/vectors is absent)';

/** One test vector of Level 3, section 16; all values in hex. */
export interface Level3Vector {
  readonly id: string;
  readonly registration: {
    readonly challenge: string;
    readonly credential_id: string;
    readonly aaguid: string;
    readonly clientDataJSON: string;
    readonly attestationObject: string;
  };
  readonly authentication: {
    readonly challenge: string;
    readonly authenticatorData: string;
    readonly clientDataJSON: string;
    readonly signature: string;
  };
}

export interface Level3Vectors {
  readonly attestationRoot: { readonly attestation_ca_cert: string };
  readonly vectors: readonly Level3Vector[];
}

export function level3Vectors(): Level3Vectors {
  return haveVectors ? read('webauthn-l3.json') : { attestationRoot: { attestation_ca_cert: '' }, vectors: [] };
}

/** A recorded ceremony of a real authenticator: `name` is the file's without `.json`. */
export function recordedDevice<T>(name: string): T {
  return read(`devices/${name}.json`);
}

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(folder + name, 'utf8'));
}
