import { describe, expect, test } from 'vitest';
import { parseAuthenticationResponse, parseRegistrationResponse } from '../../src/protocol/response-json.ts';
import { createAuthenticator, creation, request } from './ceremony.ts';

const authenticator = createAuthenticator();
const registration = authenticator.create(creation);
const authentication = authenticator.get(request);

test('members that are not known are left alone', () => {
  const extra = { ...registration, name: 'my key', response: { ...registration.response, publicKey: 'AAAA' } };
  expect(parseRegistrationResponse(extra)).toEqual(parseRegistrationResponse(registration));
});

test('transports, extension results and userHandle may be absent', () => {
  const { transports, ...response } = registration.response;
  const { clientExtensionResults, ...json } = registration;
  expect(parseRegistrationResponse({ ...json, response })).toMatchObject({
    transports: [],
    clientExtensionResults: {},
  });
  const { userHandle, ...assertion } = authentication.response;
  expect(parseAuthenticationResponse({ ...authentication, response: assertion }).userHandle).toBeNull();
});

describe('a registration is refused', () => {
  const { response } = registration;
  test.each<[string, unknown]>([
    ['null', null],
    ['a list', [registration]],
    ['text', JSON.stringify(registration)],
    ['another type', { ...registration, type: 'password' }],
    ['no rawId', { ...registration, rawId: undefined }],
    ['an id with padding', { ...registration, id: `${registration.id}=`, rawId: `${registration.id}=` }],
    ['an id in the other base64', { ...registration, id: '+/+/', rawId: '+/+/' }],
    ['bytes as a list', { ...registration, response: { ...response, clientDataJSON: [1, 2] } }],
    ['no attestation', { ...registration, response: { ...response, attestationObject: undefined } }],
    ['transports that are no list', { ...registration, response: { ...response, transports: 'usb' } }],
    ['a hundred transports', { ...registration, response: { ...response, transports: Array(100).fill('usb') } }],
    ['a transport of 65 characters', { ...registration, response: { ...response, transports: ['x'.repeat(65)] } }],
    ['extension results that are no object', { ...registration, clientExtensionResults: 1 }],
  ])('%s', (_, value) => {
    const attempt = (): unknown => parseRegistrationResponse(value);
    expect(attempt).toThrow(expect.objectContaining({ code: 'malformed', step: '7.1.3' }));
  });
});

describe('an assertion is refused', () => {
  const { response } = authentication;
  test.each<[string, unknown]>([
    ['no signature', { ...authentication, response: { ...response, signature: undefined } }],
    ['a signature in hex with spaces', { ...authentication, response: { ...response, signature: '30 46' } }],
    ['a handle that is a number', { ...authentication, response: { ...response, userHandle: 1 } }],
    ['a registration', registration],
  ])('%s', (_, value) => {
    const attempt = (): unknown => parseAuthenticationResponse(value);
    expect(attempt).toThrow(expect.objectContaining({ code: 'malformed', step: '7.2.3' }));
  });
});
