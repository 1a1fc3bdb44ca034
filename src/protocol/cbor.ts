import { Decoder } from 'cbor-x/decode-no-eval';
import { Fido2Error } from '../errors.ts';
import { type CborRules, scanCbor } from './cbor-scan.ts';

export type CborMap = ReadonlyMap<unknown, unknown>;

const options = { mapsAsObjects: false, int64AsNumber: true, useRecords: false };
const decoder = new Decoder(options);

/** The one item that fills the bytes, in the CTAP2 canonical form; maps as Map. Throws `cbor_invalid`. */
export function decodeCbor(bytes: Uint8Array, rules?: CborRules): unknown {
  const end = scanCbor(bytes, 0, rules);
  if (end !== bytes.length) throw new Fido2Error('cbor_invalid', `${bytes.length - end} bytes behind the CBOR item`);
  // A view of its own: cbor-x leaves a property on the array that it is given.
  const value: unknown = decoder.decode(bytes.subarray());
  return value;
}

/** The same for a map. */
export function decodeCborMap(bytes: Uint8Array, rules?: CborRules): CborMap {
  const value = decodeCbor(bytes, rules);
  if (!(value instanceof Map)) throw new Fido2Error('cbor_invalid', 'the CBOR item is not a map');
  return value;
}

/** Whether a map has exactly these keys. */
export function hasExactly(map: CborMap, ...keys: readonly (string | number)[]): boolean {
  return map.size === keys.length && keys.every((key) => map.has(key));
}
