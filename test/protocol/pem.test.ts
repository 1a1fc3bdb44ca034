import { expect, test } from 'vitest';
import { certificatesOfPem } from '../../src/protocol/pem.ts';
import { pemOf } from '../helpers/pem.ts';

const first = Buffer.alloc(100, 1);
const second = Buffer.alloc(7, 2);

test('reads every certificate of a file, whatever stands between them', () => {
  expect(certificatesOfPem(`Maker\n${pemOf(first)}\r\n# more\n${pemOf(second)}`).map(Buffer.from)).toEqual([
    first,
    second,
  ]);
});

test.each([
  ['nothing', ''],
  ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'],
  ['an empty certificate', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
  ['half a certificate after a whole one', `${pemOf(first)}-----BEGIN CERTIFICATE-----\nAAAA`],
  ['something else than base64', pemOf(first).replace('AQEB', 'A*EB')],
])('refuses %s', (_, text) => {
  expect(() => certificatesOfPem(text)).toThrow(expect.objectContaining({ code: 'certificate_invalid' }));
});
