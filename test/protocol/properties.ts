import fc from 'fast-check';
import { Fido2Error } from '../../src/errors.ts';
import type { CborValue } from '../helpers/cbor.ts';

/** Values that CTAP2's canonical CBOR can hold, nested up to its 4 levels. */
const scalars: fc.Arbitrary<CborValue> = fc.oneof(
  fc.integer({ min: -0x7fffffff, max: 0x7fffffff }),
  fc.string({ maxLength: 30, unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 300 }),
  fc.boolean(),
  fc.constant(null),
);
const keys: fc.Arbitrary<CborValue> = fc.oneof(fc.integer({ min: -300, max: 300 }), fc.string({ maxLength: 30 }));

function nested(depth: number): fc.Arbitrary<CborValue> {
  if (depth === 0) return scalars;
  const inner = nested(depth - 1);
  return fc.oneof(
    scalars,
    fc.array(inner, { maxLength: 4 }),
    fc
      .uniqueArray(fc.tuple(keys, inner), { maxLength: 4, selector: ([key]) => key })
      .map((entries) => new Map(entries)),
  );
}

export const cborValues = nested(4);

/** The value, or undefined for a refusal; anything thrown that has no code fails the test. */
export function codedErrorOrValue<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fido2Error) return undefined;
    throw error;
  }
}

/** How many single bytes `read` looks at; a subarray that it copies or decodes whole counts with its length. */
export function countReads(bytes: Uint8Array, read: (counted: Uint8Array) => void): number {
  let reads = 0;
  const count = (target: Uint8Array): Uint8Array =>
    new Proxy(target, {
      get(_, name) {
        if (typeof name === 'string' && /^\d+$/.test(name)) reads++;
        const value: unknown = Reflect.get(target, name, target);
        if (name !== 'subarray') return typeof value === 'function' ? value.bind(target) : value;
        return (start: number, end: number) => {
          const part = target.subarray(start, end);
          reads += part.length;
          return part;
        };
      },
    });
  read(count(bytes));
  return reads;
}
