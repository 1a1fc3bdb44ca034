import { fromUtf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';

/** What is read: numbers, text, byte strings as views of the input, false, true, null, arrays, and maps as Map. */
export type CborMap = ReadonlyMap<unknown, unknown>;

export interface CborRules {
  /** Bytes of one item. */
  readonly size: number;
  /** Containers inside each other; the outermost counts. */
  readonly depth: number;
  /** Accept map keys in any order, as some clients in the field send them. They are still unique. */
  readonly misorderedMaps: boolean;
}

/** CTAP2 allows 4 levels. */
export const canonical: CborRules = { size: 65536, depth: 4, misorderedMaps: false };

/**
 * The one item that fills the bytes, in the CTAP2 canonical form (CTAP 2.1 section 8): definite and shortest lengths,
 * map keys (integers and text) unique and in order, valid UTF-8, no tags, no floats, no simple values but false, true
 * and null, no integers past 2^53 - 1. Anything else throws `cbor_invalid`. The work is linear in the bytes read.
 */
export function decodeCbor(bytes: Uint8Array, rules: CborRules = canonical): unknown {
  const reader = readerOf(bytes, 0, rules);
  const value = readItem(reader, rules.depth);
  if (reader.at !== bytes.length)
    throw new Fido2Error('cbor_invalid', `${bytes.length - reader.at} bytes behind the CBOR item`);
  return value;
}

/** The same for a map. */
export function decodeCborMap(bytes: Uint8Array, rules?: CborRules): CborMap {
  const value = decodeCbor(bytes, rules);
  if (!(value instanceof Map)) throw new Fido2Error('cbor_invalid', 'the CBOR item is not a map');
  return value;
}

/** The offset behind the one item that starts at `offset`; what `decodeCbor` refuses throws here too. */
export function scanCbor(bytes: Uint8Array, offset = 0, rules: CborRules = canonical): number {
  const reader = readerOf(bytes, offset, rules);
  readItem(reader, rules.depth);
  return reader.at;
}

/** Whether a map has exactly these keys. */
export function hasExactly(map: CborMap, ...keys: readonly (string | number)[]): boolean {
  return map.size === keys.length && keys.every((key) => map.has(key));
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly misorderedMaps: boolean;
  at: number;
}

function readerOf(bytes: Uint8Array, at: number, { size, misorderedMaps }: CborRules): Reader {
  return { bytes, end: Math.min(bytes.length, at + size), misorderedMaps, at };
}

function readItem(reader: Reader, depth: number): unknown {
  const { at } = reader;
  const first = readByte(reader);
  const major = first >> 5;
  if (major === 7) return simpleValue(first, at);
  if (major === 6) throw invalid(at, 'a tag');
  const argument = readArgument(reader, first & 31);
  if (major === 0) return argument;
  if (major === 1) return -1 - argument;
  if (major < 4) {
    if (argument > reader.end - reader.at) throw invalid(at, 'the end of the bytes inside a string');
    const string = reader.bytes.subarray(reader.at, reader.at + argument);
    reader.at += argument;
    if (major === 2) return string;
    const text = fromUtf8(string);
    if (text === null) throw invalid(at, 'text that is not UTF-8');
    return text;
  }
  if (depth === 0) throw invalid(at, 'containers nested too deep');
  return major === 4 ? readArray(reader, argument, depth - 1) : readMap(reader, argument, depth - 1);
}

function readArray(reader: Reader, count: number, depth: number): unknown[] {
  const items: unknown[] = [];
  for (let i = 0; i < count; i++) items.push(readItem(reader, depth));
  return items;
}

function readMap(reader: Reader, count: number, depth: number): CborMap {
  const { bytes, misorderedMaps } = reader;
  const map = new Map<unknown, unknown>();
  let previous = bytes.subarray(0, 0);
  for (let i = 0; i < count; i++) {
    const { at } = reader;
    const key = readItem(reader, 0);
    if (typeof key !== 'number' && typeof key !== 'string')
      throw invalid(at, 'a map key that is neither integer nor text');
    const encoded = bytes.subarray(at, reader.at);
    const follows = misorderedMaps ? !map.has(key) : isBefore(previous, encoded);
    if (!follows) throw invalid(at, 'map keys doubled or out of order');
    previous = encoded;
    map.set(key, readItem(reader, depth));
  }
  return map;
}

/** The argument of an item's head, whose first byte says how long it is. */
function readArgument(reader: Reader, info: number): number {
  const { at } = reader;
  if (info < 24) return info;
  if (info > 27) throw invalid(at, info === 31 ? 'an indefinite length' : 'a reserved head');
  const length = 1 << (info - 24);
  let argument = 0;
  for (let i = 0; i < length; i++) argument = argument * 256 + readByte(reader);
  const least = info === 24 ? 24 : 2 ** (4 * length);
  if (argument < least) throw invalid(at, 'a head longer than needed');
  if (argument > Number.MAX_SAFE_INTEGER) throw invalid(at, 'an integer past 2^53');
  return argument;
}

/** f7 is undefined, f9 to fb are floats. */
function simpleValue(byte: number, at: number): boolean | null {
  if (byte === 0xf6) return null;
  if (byte !== 0xf4 && byte !== 0xf5) throw invalid(at, 'a float or an unknown simple value');
  return byte === 0xf5;
}

/**
 * Bytewise order of the encoded keys. With shortest heads that is the order of CTAP2: the lower major type, then the
 * shorter, then the lower.
 */
function isBefore(a: Uint8Array, b: Uint8Array): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return a.length < b.length;
}

function readByte(reader: Reader): number {
  const { at } = reader;
  const byte = at < reader.end ? reader.bytes[at] : undefined;
  if (byte === undefined) throw invalid(at, 'the end of the bytes');
  reader.at = at + 1;
  return byte;
}

function invalid(at: number, what: string): Fido2Error {
  return new Fido2Error('cbor_invalid', `CBOR at offset ${at}: ${what}`);
}
