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

test.each(['platform', 'not known yet', undefined, null])('an attachment may be %s', (authenticatorAttachment) => {
  expect(parseRegistrationResponse({ ...registration, authenticatorAttachment })).toHaveProperty('id');
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
    ['an empty id', { ...registration, id: '', rawId: '' }],
    ['an id whose last bits are not zero', { ...registration, id: 'AB', rawId: 'AB' }],
    ['an id with a line break', { ...registration, id: `${registration.id}\n` }],
    ['no type', { ...registration, type: undefined }],
    ['a type in another case', { ...registration, type: 'Public-Key' }],
    ['no response', { ...registration, response: null }],
    ['clientDataJSON in the other base64', { ...registration, response: { ...response, clientDataJSON: 'e30=' } }],
    ['clientDataJSON as JSON', { ...registration, response: { ...response, clientDataJSON: {} } }],
    ['an attachment that is a list', { ...registration, authenticatorAttachment: [] }],
    ['an assertion', authentication],
  ])('%s', (_, value) => {
    const attempt = (): unknown => parseRegistrationResponse(value);
    expect(attempt).toThrow(expect.objectContaining({ code: 'malformed', step: '7.1.3' }));
  });
});

test.each([[1], ['none'], [[]], [null]])('extension results that are %j are refused', (clientExtensionResults) => {
  const registered = (): unknown => parseRegistrationResponse({ ...registration, clientExtensionResults });
  expect(registered).toThrow(expect.objectContaining({ code: 'malformed', step: '7.1.4' }));
  const authenticated = (): unknown => parseAuthenticationResponse({ ...authentication, clientExtensionResults });
  expect(authenticated).toThrow(expect.objectContaining({ code: 'malformed', step: '7.2.4' }));
});

describe('an assertion is refused', () => {
  const { response } = authentication;
  test.each<[string, unknown]>([
    ['no signature', { ...authentication, response: { ...response, signature: undefined } }],
    ['a signature in hex with spaces', { ...authentication, response: { ...response, signature: '30 46' } }],
    ['a handle that is a number', { ...authentication, response: { ...response, userHandle: 1 } }],
    ['no authenticator data', { ...authentication, response: { ...response, authenticatorData: undefined } }],
    ['an empty id', { ...authentication, id: '', rawId: '' }],
    ['a handle with padding', { ...authentication, response: { ...response, userHandle: 'AA==' } }],
    ['a registration', registration],
  ])('%s', (_, value) => {
    const attempt = (): unknown => parseAuthenticationResponse(value);
    expect(attempt).toThrow(expect.objectContaining({ code: 'malformed', step: '7.2.3' }));
  });
});
