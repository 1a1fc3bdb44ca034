import { expect, test } from 'vitest';
import { parseAttestationObject } from '../../src/protocol/attestation-object.ts';
import { type CborValue, encodeCbor } from '../helpers/cbor.ts';

const members: readonly [string, CborValue][] = [
  ['fmt', 'none'],
  ['attStmt', new Map()],
  ['authData', new Uint8Array(37)],
];

function parse(name: string, value?: CborValue): unknown {
  const others = members.filter(([member]) => member !== name);
  return parseAttestationObject(encodeCbor(new Map(value === undefined ? others : [...others, [name, value]])));
}

test.each<[string, CborValue | undefined]>([
  ['fmt', 1],
  ['fmt', undefined],
  ['fmt', new Uint8Array(4)],
  ['attStmt', []],
  ['attStmt', null],
  ['attStmt', undefined],
  ['authData', 'x'.repeat(37)],
  ['authData', undefined],
  ['extra', 1],
])('%s as %j is refused', (name, value) => {
  expect(() => parse(name, value)).toThrow(expect.objectContaining({ code: 'attestation_object_invalid' }));
});

test('authenticator data without a credential is refused', () => {
  const code = 'authenticator_data_invalid';
  expect(() => parse('authData', new Uint8Array(37))).toThrow(expect.objectContaining({ code }));
});
