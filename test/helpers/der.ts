/** A small DER writer: what the tests need to build certificates, right and wrong ones. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  const length = content.length;
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Uint8Array.of(tag, 0x81, length), content]);
  return Buffer.concat([Uint8Array.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

export const sequence = (...items: readonly Uint8Array[]): Uint8Array => der(0x30, ...items);
export const set = (...items: readonly Uint8Array[]): Uint8Array => der(0x31, ...items);
export const octets = (bytes: Uint8Array): Uint8Array => der(0x04, bytes);
export const bits = (bytes: Uint8Array, unused = 0): Uint8Array => der(0x03, Uint8Array.of(unused), bytes);
export const boolean = (value: boolean): Uint8Array => der(0x01, Uint8Array.of(value ? 0xff : 0));
export const explicit = (number: number, item: Uint8Array): Uint8Array => der(0xa0 | number, item);
export const utf8String = (text: string): Uint8Array => der(0x0c, Buffer.from(text, 'utf8'));
export const printableString = (text: string): Uint8Array => der(0x13, Buffer.from(text, 'latin1'));
export const derNull = (): Uint8Array => der(0x05);

export function integer(value: number | Uint8Array): Uint8Array {
  if (typeof value !== 'number') return der(0x02, value);
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 ? `0${digits}` : digits, 'hex');
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Uint8Array.of(0), bytes]) : bytes);
}

export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes: number[] = [];
  for (const arc of [first * 40 + second, ...rest]) {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left % 128) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Uint8Array.from(bytes));
}

export function time(date: Date): Uint8Array {
  const text = date.toISOString().replace(/[-:T]|\.\d+/g, '');
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(text.slice(2))) : der(0x18, Buffer.from(text));
}
