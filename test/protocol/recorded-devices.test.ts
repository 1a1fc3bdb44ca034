import { webcrypto } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { fromBase64url, toBase64url } from '../../src/bytes.ts';
import { createVerifier } from '../../src/crypto/verify.ts';
import { attestationFormats } from '../../src/protocol/attestation/formats.ts';
import { verifyAuthentication } from '../../src/protocol/authentication.ts';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { type RegistrationResult, verifyRegistration } from '../../src/protocol/registration.ts';
import {
  type AuthenticationResponseJSON,
  parseAuthenticationResponse,
  parseRegistrationResponse,
  type RegistrationResponseJSON,
} from '../../src/protocol/response-json.ts';
import type { Verifier } from '../../src/protocol/verifier.ts';
import { fromHex, haveVectors, recordedDevice, vectorsNote } from '../helpers/vectors.ts';

interface Device {
  readonly options: string;
  readonly response: string;
  readonly origin?: string;
  readonly format: string;
  readonly algorithm: number;
  readonly misorderedMaps?: boolean;
  readonly id?: string;
}

const devices: readonly Device[] = [
  { options: 'attestationNoneOptions', response: 'attestationNoneResponse', format: 'none', algorithm: -7 },
  { options: 'attestationOptionsNone', response: 'attestationResultsNone', format: 'none', algorithm: -7 },
  {
    options: 'attestationOptionsPacked',
    response: 'attestationResultsPacked',
    format: 'packed',
    algorithm: -7,
    misorderedMaps: true,
  },
  { options: 'attestationOptionsPacked512', response: 'attestationResultsPacked512', format: 'packed', algorithm: -36 },
  { options: 'attestationOptionsATKey', response: 'attestationResultsATKey', format: 'packed', algorithm: -7 },
  {
    options: 'attestationOptionsTrustKeyT110',
    response: 'attestationResultTrustKeyT110',
    format: 'packed',
    algorithm: -7,
  },
  { options: 'attestationOptionsU2F', response: 'attestationResultsU2F', format: 'fido-u2f', algorithm: -7 },
  { options: 'attestationTPMSHA1Options', response: 'attestationTPMSHA1Response', format: 'tpm', algorithm: -65535 },
  { options: 'attestationTPMSHA256Options', response: 'attestationTPMSHA256Response', format: 'tpm', algorithm: -257 },
  {
    options: 'attestationAndroidKeyOptions',
    response: 'attestationAndroidKeyResponse',
    format: 'android-key',
    algorithm: -7,
  },
  {
    options: 'attestationAppleOptions',
    response: 'attestationAppleResponse',
    origin: 'https://6cc3c9e7967a.ngrok.io',
    format: 'apple',
    algorithm: -7,
    // The recording names another device's credential.
    id: 'omGfdaNI-cYgWrq2klNk97zkcg8',
  },
];

function bytes(text: string): Uint8Array {
  const decoded = fromBase64url(text);
  if (decoded === null) throw new Error(`${text} is not base64url`);
  return decoded;
}

function register(device: Device, verifier: Verifier): Promise<RegistrationResult> {
  const options = recordedDevice<CreationOptionsJSON>(device.options);
  const expected = {
    challenge: bytes(options.challenge),
    origins: [device.origin ?? 'https://localhost:44329'],
    rpId: options.rp.id,
    userVerification: 'discouraged',
    algorithms: options.pubKeyCredParams.map((parameters) => parameters.alg),
    time: Date.UTC(2021, 0, 1),
    trustAnchors: null,
    formats: attestationFormats,
    misorderedMaps: device.misorderedMaps ?? false,
    credentialExists: async () => false,
  } as const;
  const recorded = recordedDevice<RegistrationResponseJSON>(device.response);
  const { id = recorded.id } = device;
  return verifyRegistration(parseRegistrationResponse({ ...recorded, id, rawId: id }), expected, verifier);
}

const modes = ['auto', 'portable'] as const;

describe.skipIf(!haveVectors).each(modes)(`recorded authenticators, crypto %s${vectorsNote}`, (mode) => {
  const verifier = createVerifier({ subtle: webcrypto.subtle, mode });

  test.each(devices)('$response', async (device) => {
    const result = await register(device, verifier);
    expect(result).toMatchObject({ format: device.format, algorithm: device.algorithm });
  });

  test('an attestation object with its members out of order is refused unless asked for', async () => {
    const [device] = devices.filter(({ misorderedMaps }) => misorderedMaps);
    if (device === undefined) throw new Error('no such device');
    const attempt = register({ ...device, misorderedMaps: false }, verifier);
    await expect(attempt).rejects.toMatchObject({ code: 'cbor_invalid', step: '7.1.13' });
  });

  test('assertionNoneResponse by the key of attestationNoneResponse', async () => {
    const [device] = devices;
    if (device === undefined) throw new Error('no devices');
    const registered = await register(device, verifier);
    const options = recordedDevice<RequestOptionsJSON>('assertionNoneOptions');
    // The recording has its signature in hex.
    const recorded = recordedDevice<AuthenticationResponseJSON>('assertionNoneResponse');
    const signature = toBase64url(fromHex(recorded.response.signature));
    const response = parseAuthenticationResponse({ ...recorded, response: { ...recorded.response, signature } });
    const userHandle = bytes('MQ');
    const expected = {
      challenge: bytes(options.challenge),
      origins: ['https://localhost:44329'],
      rpId: 'localhost',
      userVerification: 'discouraged',
      allowCredentials: options.allowCredentials.map((descriptor) => bytes(descriptor.id)),
      userHandle,
      stored: { ...registered, userHandle },
    } as const;
    const result = await verifyAuthentication(response, expected, verifier);
    expect(result.signCount).toBeGreaterThan(registered.signCount);
  });
});
