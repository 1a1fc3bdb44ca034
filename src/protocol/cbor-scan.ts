import { fromUtf8, toHex } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';

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
 * The offset behind the one item that starts at `offset`, in the CTAP2 canonical form (CTAP 2.1 section 8): definite
 * and shortest lengths, map keys (integers and text) unique and in order, valid UTF-8, no tags, no floats, no simple
 * values but false, true and null, no integers past 2^53 - 1. Anything else throws `cbor_invalid`. The work is linear
 * in the bytes read.
 */
export function scanCbor(bytes: Uint8Array, offset = 0, rules: CborRules = canonical): number {
  const end = Math.min(bytes.length, offset + rules.size);
  return scanItem({ bytes, end, misorderedMaps: rules.misorderedMaps }, offset, rules.depth);
}

interface Input {
  readonly bytes: Uint8Array;
  readonly end: number;
  readonly misorderedMaps: boolean;
}

function scanItem(input: Input, at: number, depth: number): number {
  const { bytes, end } = input;
  const major = byteAt(input, at) >> 5;
  if (major === 7) return scanSimple(bytes, at);
  if (major === 6) throw invalid(at, 'a tag');
  const [argument, start] = scanHead(input, at);
  if (major < 2) return start;
  if (major === 2 || major === 3) {
    if (argument > end - start) throw invalid(at, 'the end of the bytes inside a string');
    const next = start + argument;
    if (major === 3 && fromUtf8(bytes.subarray(start, next)) === null) throw invalid(at, 'text that is not UTF-8');
    return next;
  }
  if (depth === 0) throw invalid(at, 'containers nested too deep');
  return major === 4 ? scanArray(input, start, argument, depth - 1) : scanMap(input, start, argument, depth - 1);
}

function scanArray(input: Input, start: number, count: number, depth: number): number {
  let at = start;
  for (let i = 0; i < count; i++) at = scanItem(input, at, depth);
  return at;
}

function scanMap(input: Input, start: number, count: number, depth: number): number {
  const { bytes, misorderedMaps } = input;
  const seen = new Set<string>();
  let previous: Uint8Array | null = null;
  let at = start;
  for (let i = 0; i < count; i++) {
    const major = byteAt(input, at) >> 5;
    if (major > 1 && major !== 3) throw invalid(at, 'a map key that is neither integer nor text');
    const keyEnd = scanItem(input, at, depth);
    const key = bytes.subarray(at, keyEnd);
    if (misorderedMaps) {
      const name = toHex(key);
      if (seen.has(name)) throw invalid(at, 'a map key twice');
      seen.add(name);
    } else if (previous !== null && !isBefore(previous, key)) throw invalid(at, 'map keys doubled or out of order');
    previous = key;
    at = scanItem(input, keyEnd, depth);
  }
  return at;
}

/** The argument of an item's head and the offset behind the head. */
function scanHead(input: Input, at: number): [argument: number, next: number] {
  const info = byteAt(input, at) & 31;
  if (info < 24) return [info, at + 1];
  if (info > 27) throw invalid(at, info === 31 ? 'an indefinite length' : 'a reserved head');
  const length = 1 << (info - 24);
  let argument = 0;
  for (let i = 1; i <= length; i++) argument = argument * 256 + byteAt(input, at + i);
  const least = info === 24 ? 24 : 2 ** (4 * length);
  if (argument < least) throw invalid(at, 'a head longer than needed');
  if (argument > Number.MAX_SAFE_INTEGER) throw invalid(at, 'an integer past 2^53');
  return [argument, at + 1 + length];
}

/** false, true and null; f7 is undefined, f9 to fb are floats. */
function scanSimple(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte !== 0xf4 && byte !== 0xf5 && byte !== 0xf6) throw invalid(at, 'a float or an unknown simple value');
  return at + 1;
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

function byteAt({ bytes, end }: Input, at: number): number {
  const byte = at < end ? bytes[at] : undefined;
  if (byte === undefined) throw invalid(at, 'the end of the bytes');
  return byte;
}

function invalid(at: number, what: string): Fido2Error {
  return new Fido2Error('cbor_invalid', `CBOR at offset ${at}: ${what}`);
}
