import { Fido2Error } from '../errors.ts';
import { ecKey, type PublicKey, rsaKey, type WeierstrassCurve } from './public-key.ts';
import type { HashName } from './verifier.ts';

/** TPMT_PUBLIC of a signing key (TPM 2.0 Library, part 2, section 12.2.4). */
export interface TpmPublicArea {
  readonly nameAlgorithm: HashName;
  readonly key: PublicKey;
}

/** TPMS_ATTEST of a certification (section 10.12.12). */
export interface TpmCertifyInfo {
  readonly extraData: Uint8Array;
  /** The hash algorithm's identifier and the hash of the certified object's public area. */
  readonly name: Uint8Array;
}

/** TPM_ALG_ID (section 6.3). */
const algorithm = { rsa: 0x0001, null: 0x0010, rsassa: 0x0014, rsapss: 0x0016, ecdsa: 0x0018, ecc: 0x0023 };

const hashes: ReadonlyMap<number, HashName> = new Map([
  [0x0004, 'SHA-1'],
  [0x000b, 'SHA-256'],
  [0x000c, 'SHA-384'],
  [0x000d, 'SHA-512'],
]);

/** TPM_ECC_CURVE (section 6.4) and the bytes of a coordinate. */
const curves: ReadonlyMap<number, readonly [WeierstrassCurve, number]> = new Map([
  [3, ['P-256', 32]],
  [4, ['P-384', 48]],
  [5, ['P-521', 66]],
]);

const generatedValue = 0xff544347;
const attestCertify = 0x8017;

/** The identifier of a hash in front of an object's name. */
export function hashIdentifier(hash: HashName): Uint8Array {
  for (const [id, name] of hashes) if (name === hash) return Uint8Array.of(id >> 8, id & 0xff);
  throw invalid(`no identifier of ${hash}`);
}

/** Throws `attestation_invalid`, and `public_key_invalid` for a key that is no good. */
export function parsePublicArea(bytes: Uint8Array): TpmPublicArea {
  const reader = new TpmReader(bytes);
  const type = reader.u16();
  const nameAlgorithm = hashes.get(reader.u16());
  if (nameAlgorithm === undefined) throw invalid('a name algorithm that is not supported');
  reader.skip(4); // objectAttributes
  reader.sized(); // authPolicy
  if (reader.u16() !== algorithm.null) throw invalid('a symmetric cipher, which a signing key has not');
  const key = type === algorithm.rsa ? readRsa(reader) : type === algorithm.ecc ? readEcc(reader) : null;
  if (key === null) throw invalid(`a key of type ${type}`);
  reader.end();
  return { nameAlgorithm, key };
}

function readRsa(reader: TpmReader): PublicKey {
  skipScheme(reader, [algorithm.rsassa, algorithm.rsapss]);
  const bits = reader.u16();
  const exponent = reader.u32() || 65537;
  const n = reader.sized();
  if (n.length * 8 !== Math.ceil(bits / 8) * 8) throw invalid(`a modulus of ${n.length} bytes, ${bits} bits expected`);
  const e = [exponent >>> 24, (exponent >>> 16) & 0xff, (exponent >>> 8) & 0xff, exponent & 0xff];
  return rsaKey(n, Uint8Array.from(e.slice(e.findIndex((byte) => byte !== 0))));
}

function readEcc(reader: TpmReader): PublicKey {
  skipScheme(reader, [algorithm.ecdsa]);
  const id = reader.u16();
  const [curve, size] = curves.get(id) ?? [];
  if (curve === undefined || size === undefined) throw invalid(`the curve ${id}`);
  if (reader.u16() !== algorithm.null) throw invalid('a key derivation scheme, which a signing key has not');
  return ecKey(curve, padded(reader.sized(), size), padded(reader.sized(), size));
}

/** No scheme, or one of these with its hash. */
function skipScheme(reader: TpmReader, schemes: readonly number[]): void {
  const scheme = reader.u16();
  if (scheme === algorithm.null) return;
  if (!schemes.includes(scheme)) throw invalid(`the signature scheme ${scheme}`);
  reader.skip(2);
}

/** A TPM may leave out leading zeros of a coordinate. */
function padded(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes;
  const result = new Uint8Array(size);
  result.set(bytes, size - bytes.length);
  return result;
}

export function parseCertifyInfo(bytes: Uint8Array): TpmCertifyInfo {
  const reader = new TpmReader(bytes);
  if (reader.u32() !== generatedValue) throw invalid('a structure that no TPM has made');
  const type = reader.u16();
  if (type !== attestCertify) throw invalid(`an attestation of type ${type}, expected ${attestCertify}`);
  reader.sized(); // qualifiedSigner
  const extraData = reader.sized();
  reader.skip(17 + 8); // clockInfo, firmwareVersion
  const name = reader.sized();
  reader.sized(); // qualifiedName
  reader.end();
  return { extraData, name };
}

/** Reads big-endian structures and never past their end. */
class TpmReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  skip(length: number): Uint8Array {
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw invalid('the end of the bytes');
    this.#at = end;
    return this.#bytes.subarray(start, end);
  }

  u16(): number {
    return this.skip(2).reduce((number, byte) => number * 256 + byte, 0);
  }

  u32(): number {
    return this.skip(4).reduce((number, byte) => number * 256 + byte, 0);
  }

  /** A TPM2B: a length of two bytes and as many bytes. */
  sized(): Uint8Array {
    return this.skip(this.u16());
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw invalid('bytes behind the last member');
  }
}

function invalid(what: string): Fido2Error {
  return new Fido2Error('attestation_invalid', `TPM structure: ${what}`);
}
