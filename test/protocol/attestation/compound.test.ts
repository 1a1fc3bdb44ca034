import { expect, test } from 'vitest';
import {
  type AttestationContext,
  androidKey,
  apple,
  compound,
  fidoU2f,
  packed,
  part,
  type Statement,
} from '../../helpers/attestations.ts';
import type { Tamper } from '../../helpers/authenticator.ts';
import type { CborMap, CborValue } from '../../helpers/cbor.ts';
import { createAuthority, ecKeys } from '../../helpers/certificates.ts';
import { type Registration, refusal, register } from '../ceremony.ts';

type Maker = (context: AttestationContext) => Statement;

const authority = createAuthority('Root of the compound tests');
const other = createAuthority('Another root');
const none: Maker = () => ['none', new Map()];
const unknown: Maker = () => ['android-safetynet', new Map()];
const broken: Maker = (context) => apple({ ...context, changes: { certificate: { keys: ecKeys() } } });
const foreign: Maker = (context) => androidKey({ ...context, authority: other });

const attest = (parts: readonly Maker[], expected: Registration['expected'] = {}, tamper: Tamper = {}) =>
  register({
    options: { attestation: 'compound', authority },
    tamper: { ...tamper, attestation: { parts } },
    expected: { trustAnchors: [authority.certificate], ...expected },
  });

test.each<[string, readonly Maker[]]>([
  ['two statements', [packed, androidKey]],
  ['four statements', [packed, androidKey, apple, fidoU2f]],
])('%s that hold', async (_, parts) => {
  expect(await attest(parts)).toMatchObject({ format: 'compound', attestationType: 'compound' });
});

test.each<[string, readonly Maker[], string, string, string?]>([
  ['a statement that does not hold', [packed, broken], 'attestation_invalid', '7.1.22', 'holds'],
  ['a format that is not supported', [packed, unknown], 'attestation_format_unknown', '7.1.22', 'holds'],
  ['a chain to no anchor', [foreign, packed], 'attestation_untrusted', '7.1.24', 'holds'],
  ['one without a certificate where one is required', [none, packed], 'attestation_required', '7.1.24', 'holds'],
  ['none that holds', [broken, broken], 'attestation_invalid', '7.1.22'],
  ['none that is trustworthy', [foreign, none], 'attestation_untrusted', '7.1.24'],
  ['compound within compound', [(context) => compound({ ...context, changes: {} }), packed], 'cbor_invalid', '7.1.13'],
])('%s is refused; any other may do', async (_, parts, code, step, any) => {
  const required = { attestationRequired: true };
  await expect(attest(parts, required)).rejects.toMatchObject(refusal(code, step));
  const lenient = attest(parts, { ...required, compound: 'any' });
  if (any === 'holds') expect(await lenient).toMatchObject({ attestationType: 'compound' });
  else await expect(lenient).rejects.toMatchObject(refusal(code, step));
});

const change = (attStmt: (list: readonly CborValue[]) => CborValue): Tamper => ({
  attestationObject: (object: CborMap) =>
    new Map([...object, ['attStmt', attStmt(object.get('attStmt') as readonly CborValue[])] as const]),
});
const empty = part(['none', new Map()]);

test.each<[string, Tamper, string, string]>([
  ['no statement', change(() => []), 'attestation_invalid', '7.1.22'],
  ['one statement', change((list) => list.slice(1)), 'attestation_invalid', '7.1.22'],
  ['five statements', change((list) => [...list, empty, empty, empty]), 'attestation_invalid', '7.1.22'],
  ['a statement that is no map', change((list) => [...list, 1]), 'attestation_invalid', '7.1.22'],
  [
    'a statement with a third member',
    change((list) => [...list, new Map<CborValue, CborValue>([...empty, ['x', 1]])]),
    'attestation_invalid',
    '7.1.22',
  ],
  [
    'a statement without a format',
    change((list) => [
      ...list,
      new Map<CborValue, CborValue>([
        ['fmt', 1],
        ['attStmt', new Map()],
      ]),
    ]),
    'attestation_invalid',
    '7.1.22',
  ],
  ['an empty compound within', change((list) => [...list, part(['compound', []])]), 'attestation_invalid', '7.1.22'],
  ['a map as the list', change(() => new Map()), 'attestation_object_invalid', '7.1.13'],
  [
    'another format with the list',
    { attestationObject: (object) => new Map([...object, ['fmt', 'none'] as const]) },
    'cbor_invalid',
    '7.1.13',
  ],
])('%s is refused', async (_, tamper, code, step) => {
  await expect(attest([packed, androidKey], {}, tamper)).rejects.toMatchObject(refusal(code, step));
});

test('another format with a short list is refused', async () => {
  const object: Tamper = { attestationObject: (made) => new Map([...made, ['attStmt', []] as const]) };
  await expect(register({ tamper: object })).rejects.toMatchObject(refusal('attestation_object_invalid', '7.1.13'));
});
