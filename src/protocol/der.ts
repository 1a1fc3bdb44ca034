import { Fido2Error } from '../errors.ts';

/** Tags of the universal class; constructed ones with their bit set. */
export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
};

/** One element of DER (X.690): its identifier octet, its content, and all of its bytes. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The one element that fills the bytes. Every function here throws `certificate_invalid` for what DER forbids. */
export function parseDer(bytes: Uint8Array, expectedTag?: number): DerElement {
  const element = readElement(bytes, 0);
  if (element.bytes.length !== bytes.length) throw derInvalid('bytes behind the element');
  return expectedTag === undefined ? element : expectTag(element, expectedTag);
}

/** The elements inside a constructed one. */
export function children(element: DerElement): DerElement[] {
  if ((element.tag & 0x20) === 0) throw derInvalid(`tag ${element.tag} is not constructed`);
  const items: DerElement[] = [];
  for (let at = 0; at < element.content.length; ) {
    const item = readElement(element.content, at);
    items.push(item);
    at += item.bytes.length;
  }
  return items;
}

/** The elements of a SEQUENCE. */
export function sequence(element: DerElement | undefined): DerElement[] {
  return children(expectTag(element, tag.sequence));
}

export function expectTag(element: DerElement | undefined, expected: number): DerElement {
  if (element?.tag !== expected) throw derInvalid(`tag ${element?.tag ?? 'missing'}, expected ${expected}`);
  return element;
}

/** The identifier octet of a context-specific element, constructed unless said otherwise. */
export function contextTag(number: number, constructed = true): number {
  return 0x80 | (constructed ? 0x20 : 0) | number;
}

/** The content of an INTEGER: two's complement, shortest form. */
export function integer(element: DerElement | undefined, expected = tag.integer): Uint8Array {
  const { content } = expectTag(element, expected);
  const [first, second] = content;
  if (first === undefined) throw derInvalid('an empty INTEGER');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))
    throw derInvalid('an INTEGER longer than needed');
  return content;
}

/** The magnitude of an INTEGER that is not negative, without a leading zero. */
export function unsigned(element: DerElement | undefined): Uint8Array {
  const content = integer(element);
  if ((content[0] as number) >= 0x80) throw derInvalid('a negative INTEGER');
  return content.length > 1 && content[0] === 0 ? content.subarray(1) : content;
}

/** An INTEGER or ENUMERATED from 0 to 2^31 - 1. */
export function smallInteger(element: DerElement | undefined, expected = tag.integer): number {
  const content = integer(element, expected);
  if ((content[0] as number) >= 0x80 || content.length > 4) throw derInvalid('an INTEGER out of range');
  return content.reduce((number, byte) => number * 256 + byte, 0);
}

export function boolean(element: DerElement | undefined): boolean {
  const { content } = expectTag(element, tag.boolean);
  const [byte] = content;
  if (content.length !== 1 || (byte !== 0 && byte !== 0xff)) throw derInvalid('a BOOLEAN neither 00 nor FF');
  return byte === 0xff;
}

export function octetString(element: DerElement | undefined): Uint8Array {
  return expectTag(element, tag.octetString).content;
}

/** The bits of a BIT STRING, and how many of the last byte are unused (those are zero). */
export function bitString(element: DerElement | undefined): { readonly bits: Uint8Array; readonly unused: number } {
  const { content } = expectTag(element, tag.bitString);
  const [unused] = content;
  const last = content[content.length - 1] as number;
  if (unused === undefined || unused > 7 || (unused > 0 && content.length === 1))
    throw derInvalid('a malformed BIT STRING');
  if (unused > 0 && (last & ((1 << unused) - 1)) !== 0) throw derInvalid('a BIT STRING with unused bits set');
  return { bits: content.subarray(1), unused };
}

/** A BIT STRING of whole bytes. */
export function bitStringBytes(element: DerElement | undefined): Uint8Array {
  const { bits, unused } = bitString(element);
  if (unused !== 0) throw derInvalid('a BIT STRING of partial bytes');
  return bits;
}

/** An OBJECT IDENTIFIER in dotted form. */
export function oid(element: DerElement | undefined): string {
  const { content } = expectTag(element, tag.oid);
  if (content.length === 0 || content.length > 64) throw derInvalid('an empty or overlong OBJECT IDENTIFIER');
  const arcs: number[] = [];
  let arc = 0;
  let started = false;
  for (const byte of content) {
    if (!started && byte === 0x80) throw derInvalid('an OBJECT IDENTIFIER longer than needed');
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) throw derInvalid('an OBJECT IDENTIFIER past 2^53');
    started = byte >= 0x80;
    if (started) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(arc / 40));
      arcs.push(first, arc - first * 40);
    } else arcs.push(arc);
    arc = 0;
  }
  if (started) throw derInvalid('an unfinished OBJECT IDENTIFIER');
  return arcs.join('.');
}

/** UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5, as milliseconds since 1970. */
export function time(element: DerElement | undefined): number {
  const text = String.fromCharCode(...(element?.content.subarray(0, 16) ?? []));
  const utc = element?.tag === tag.utcTime;
  if (!utc) expectTag(element, tag.generalizedTime);
  const digits = (utc ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/).exec(
    text,
  );
  if (digits === null) throw derInvalid(`the time ${JSON.stringify(text)}`);
  const [year = 0, month = 0, ...rest] = digits.slice(1).map(Number);
  const [day = 0, hour = 0, minute = 0, second = 0] = rest;
  const fullYear = utc ? year + (year < 50 ? 2000 : 1900) : year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // What is out of range rolls over: then it does not read back.
  const readBack = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  if (fullYear < 1950 || readBack !== (utc ? `${fullYear}${text.slice(2)}` : text))
    throw derInvalid(`the time ${JSON.stringify(text)}`);
  return date.getTime();
}

/** An ECDSA signature of two halves, r and s, in DER (RFC 3279 section 2.2.3). */
export function encodeEcdsaSignature(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  const content = [...encodeUnsigned(raw.subarray(0, half)), ...encodeUnsigned(raw.subarray(half))];
  return Uint8Array.from([tag.sequence, ...(content.length < 0x80 ? [] : [0x81]), content.length, ...content]);
}

function encodeUnsigned(bytes: Uint8Array): number[] {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? [0] : [...bytes.subarray(start)];
  const content = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : digits;
  return [tag.integer, content.length, ...content];
}

function readElement(bytes: Uint8Array, start: number): DerElement {
  const identifier = bytes[start];
  const first = bytes[start + 1];
  if (identifier === undefined || first === undefined) throw derInvalid('the end of the bytes in a header');
  if ((identifier & 0x1f) === 0x1f) return readHighTag(bytes, start);
  return readContent(bytes, start, identifier, start + 1);
}

/** Tags past 30 (Android's key description has them): `tag` is then the class bits and the number times 256. */
function readHighTag(bytes: Uint8Array, start: number): DerElement {
  let number = 0;
  let at = start + 1;
  for (; ; at++) {
    const byte = bytes[at];
    if (byte === undefined || at > start + 3) throw derInvalid('a malformed tag');
    if (number === 0 && byte === 0x80) throw derInvalid('a tag longer than needed');
    number = number * 128 + (byte & 0x7f);
    if (byte < 0x80) break;
  }
  if (number < 31) throw derInvalid('a tag longer than needed');
  return readContent(bytes, start, ((bytes[start] as number) & 0xe0) | (number << 8), at + 1);
}

/** The element whose length begins at `at`. */
function readContent(bytes: Uint8Array, start: number, identifier: number, at: number): DerElement {
  const first = bytes[at];
  if (first === undefined) throw derInvalid('the end of the bytes in a header');
  let contentStart = at + 1;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 3) throw derInvalid('an indefinite or overlong length');
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (bytes[contentStart++] ?? 0);
    if (length < 0x80 || length < 256 ** (count - 1)) throw derInvalid('a length longer than needed');
  }
  const end = contentStart + length;
  if (end > bytes.length) throw derInvalid('the end of the bytes inside an element');
  return { tag: identifier, content: bytes.subarray(contentStart, end), bytes: bytes.subarray(start, end) };
}

export function derInvalid(what: string): Fido2Error {
  return new Fido2Error('certificate_invalid', `DER: ${what}`);
}
