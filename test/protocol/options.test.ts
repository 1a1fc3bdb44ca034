import { expect, test } from 'vitest';
import { creationOptions, requestOptions } from '../../src/protocol/options.ts';

const id = Uint8Array.of(0xfb, 0xff);
const challenge = new Uint8Array(3);

test('creation options are the JSON of Level 3', () => {
  const options = creationOptions({
    challenge,
    rp: { id: 'a.test', name: 'A' },
    user: { id, name: 'ann', displayName: 'Ann' },
    algorithms: [-7, -257],
    excludeCredentials: [
      { id, transports: ['usb'] },
      { id: challenge, transports: [] },
    ],
    userVerification: 'required',
    attestation: 'none',
    timeout: 60_000,
    hints: ['client-device'],
    extensions: { minPinLength: true },
  });
  expect(options).toEqual({
    rp: { id: 'a.test', name: 'A' },
    user: { id: '-_8', name: 'ann', displayName: 'Ann' },
    challenge: 'AAAA',
    pubKeyCredParams: [
      { type: 'public-key', alg: -7 },
      { type: 'public-key', alg: -257 },
    ],
    timeout: 60_000,
    excludeCredentials: [
      { type: 'public-key', id: '-_8', transports: ['usb'] },
      { type: 'public-key', id: 'AAAA' },
    ],
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
    hints: ['client-device'],
    extensions: { credProps: true, minPinLength: true },
  });
});

test('request options are the JSON of Level 3', () => {
  const options = requestOptions({
    challenge,
    rpId: 'a.test',
    allowCredentials: [{ id, transports: ['internal', 'hybrid'] }],
    userVerification: 'preferred',
    timeout: 60_000,
  });
  expect(options).toEqual({
    challenge: 'AAAA',
    rpId: 'a.test',
    timeout: 60_000,
    allowCredentials: [{ type: 'public-key', id: '-_8', transports: ['internal', 'hybrid'] }],
    userVerification: 'preferred',
  });
});
