import type { Tamper } from '../../helpers/authenticator.ts';
import type { CborMap, CborValue } from '../../helpers/cbor.ts';

/** Changes to one byte, and to one member of a statement. */
export const flipBit = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, i) => (i === bytes.length - 3 ? byte ^ 1 : byte));

export const setMember = (key: string, value: CborValue): Tamper => ({
  statement: (statement) => new Map<CborValue, CborValue>([...statement, [key, value]]),
});

export const removeMember = (key: string): Tamper => ({
  statement: (statement) => new Map([...statement].filter(([name]) => name !== key)),
});

export const changeMember = (key: string, change: (value: CborValue) => CborValue): Tamper => ({
  statement: (statement: CborMap) => {
    const value = statement.get(key);
    return value === undefined ? statement : new Map([...statement, [key, change(value)] as const]);
  },
});
