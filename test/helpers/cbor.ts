export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<CborValue, CborValue>;

/** Encodes in the CTAP2 canonical form: shortest lengths, map keys in canonical order. */
export function encodeCbor(value: CborValue): Uint8Array {
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value === null) return Uint8Array.of(0xf6);
  if (typeof value === 'string') {
    const text = Buffer.from(value, 'utf8');
    return Buffer.concat([head(3, text.length), text]);
  }
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) {
    const entries = [...value].map(([key, item]) => [encodeCbor(key), encodeCbor(item)] as const);
    entries.sort(([a], [b]) => compareKeys(a, b));
    return Buffer.concat([head(5, entries.length), ...entries.flat()]);
  }
  const items = value as readonly CborValue[];
  return Buffer.concat([head(4, items.length), ...items.map(encodeCbor)]);
}

/** CTAP2 section 8: the lower major type, then the shorter, then the bytewise lower key first. */
function compareKeys(a: Uint8Array, b: Uint8Array): number {
  const major = (key: Uint8Array): number => (key[0] ?? 0) >> 5;
  return major(a) - major(b) || a.length - b.length || Buffer.compare(a, b);
}

function head(major: number, argument: number): Uint8Array {
  const first = major << 5;
  if (argument < 24) return Uint8Array.of(first | argument);
  if (argument < 0x100) return Uint8Array.of(first | 24, argument);
  if (argument < 0x10000) return Uint8Array.of(first | 25, argument >> 8, argument & 0xff);
  const bytes = Buffer.alloc(5);
  bytes[0] = first | 26;
  bytes.writeUInt32BE(argument, 1);
  return bytes;
}
