import { describe, expect, test } from 'vitest';
import { type ExtensionPolicy, requireExtensions } from '../../src/protocol/extensions.ts';

const invalid = expect.objectContaining({ code: 'extension_invalid', step: '7.1.28' });

function check(policy: ExtensionPolicy, client: object, authenticator: object = {}): void {
  requireExtensions({ client: { ...client }, authenticator: new Map(Object.entries(authenticator)) }, policy, '7.1.28');
}

const enforced = {
  credentialProtectionPolicy: 'userVerificationOptionalWithCredentialIDList',
  enforceCredentialProtectionPolicy: true,
};

const thirtyTwo = 'A'.repeat(43);

describe('holds', () => {
  test.each<[string, ExtensionPolicy, object, object?]>([
    ['nothing requested, nothing there', {}, {}],
    [
      'outputs that are absent',
      { extensions: { credProps: true, appid: 'x', minPinLength: true, prf: {}, largeBlob: {} } },
      {},
    ],
    [
      'no word of an enforced protection of the lowest level',
      {
        extensions: {
          credentialProtectionPolicy: 'userVerificationOptional',
          enforceCredentialProtectionPolicy: true,
        },
      },
      {},
    ],
    [
      'a largeBlob that is required',
      { extensions: { largeBlob: { support: 'required' } } },
      { largeBlob: { supported: true } },
    ],
    [
      'a largeBlob that is preferred',
      { extensions: { largeBlob: { support: 'preferred' } } },
      { largeBlob: { supported: false } },
    ],
    ['a largeBlob that was read', { extensions: { largeBlob: { read: true } } }, { largeBlob: { blob: 'AAAA' } }],
    ['a largeBlob that was written', { extensions: { largeBlob: { write: 'AA' } } }, { largeBlob: { written: true } }],
    ['prf at registration', { extensions: { prf: {} } }, { prf: { enabled: true } }],
    [
      'prf with two results',
      { extensions: { prf: {} } },
      { prf: { results: { first: thirtyTwo, second: thirtyTwo } } },
    ],
    ['minPinLength', { extensions: { minPinLength: true } }, {}, { minPinLength: 6 }],
    ['what nobody asked for, where that is ignored', {}, { appid: 'x', prf: 1 }, { credProtect: 9 }],
    [
      'hmac-secret by its own name',
      { extensions: { hmacCreateSecret: true }, unsolicitedExtensions: 'refuse' },
      {},
      { 'hmac-secret': true },
    ],
    ['credProps', { extensions: { credProps: true } }, { credProps: { rk: false } }],
    ['the protection asked for', { extensions: enforced }, {}, { credProtect: 2 }],
    ['more protection than asked for', { extensions: enforced }, {}, { credProtect: 3 }],
    [
      'less protection than asked for, not enforced',
      { extensions: { ...enforced, enforceCredentialProtectionPolicy: false } },
      {},
      { credProtect: 1 },
    ],
    [
      'an unknown extension that was requested',
      { extensions: { new: 1 }, unsolicitedExtensions: 'refuse' },
      { new: [] },
    ],
    [
      'credProtect where its policy was requested',
      { extensions: enforced, unsolicitedExtensions: 'refuse' },
      {},
      { credProtect: 2 },
    ],
    [
      'hmac-secret where prf was requested',
      { extensions: { prf: {} }, unsolicitedExtensions: 'refuse' },
      { prf: { enabled: true } },
      { 'hmac-secret': true },
    ],
  ])('%s', (_, policy, client, authenticator) => {
    expect(() => check(policy, client, authenticator)).not.toThrow();
  });
});

describe('is refused', () => {
  test.each<[string, ExtensionPolicy, object, object?]>([
    ['credProps that is no object', { extensions: { credProps: true } }, { credProps: true }],
    ['credProps.rk that is text', { extensions: { credProps: true } }, { credProps: { rk: 'true' } }],
    ['appid that is text', { extensions: { appid: 'x' } }, { appid: 'true' }],
    ['appidExclude that is a number', { extensions: { appidExclude: 'x' } }, { appidExclude: 1 }],
    ['less protection than enforced', { extensions: enforced }, {}, { credProtect: 1 }],
    ['no word of an enforced protection', { extensions: enforced }, {}],
    [
      'a protection that does not exist',
      { extensions: { ...enforced, enforceCredentialProtectionPolicy: false } },
      {},
      { credProtect: 4 },
    ],
    ['minPinLength that is text', { extensions: { minPinLength: true } }, {}, { minPinLength: '4' }],
    ['largeBlob that is no object', { extensions: { largeBlob: {} } }, { largeBlob: true }],
    ['prf that is no object', { extensions: { prf: {} } }, { prf: 1 }],
    ['prf.enabled that is text', { extensions: { prf: {} } }, { prf: { enabled: 'true' } }],
    ['prf results without a first', { extensions: { prf: {} } }, { prf: { results: { second: thirtyTwo } } }],
    ['a prf result of 31 bytes', { extensions: { prf: {} } }, { prf: { results: { first: 'A'.repeat(42) } } }],
    ['a prf result that was lost', { extensions: { prf: {} } }, { prf: { results: { first: {} } } }],
    [
      'a second prf result that is a list',
      { extensions: { prf: {} } },
      { prf: { results: { first: thirtyTwo, second: [] } } },
    ],
    ['largeBlob.supported that is text', { extensions: { largeBlob: {} } }, { largeBlob: { supported: 'yes' } }],
    ['a largeBlob with padding', { extensions: { largeBlob: { read: true } } }, { largeBlob: { blob: 'AA==' } }],
    ['a required largeBlob that is not there', { extensions: { largeBlob: { support: 'required' } } }, {}],
    [
      'a required largeBlob that is refused',
      { extensions: { largeBlob: { support: 'required' } } },
      { largeBlob: { supported: false } },
    ],
    ['a negative minPinLength', { extensions: { minPinLength: true } }, {}, { minPinLength: -1 }],
    ['a protection that is text', { extensions: enforced }, {}, { credProtect: '3' }],
    ['credProps that is a list', { extensions: { credProps: true } }, { credProps: [] }],
    ['a client output nobody asked for', { unsolicitedExtensions: 'refuse' }, { constructor: 1 }],
    ['an authenticator output nobody asked for', { unsolicitedExtensions: 'refuse' }, {}, { credProtect: 1 }],
  ])('%s', (_, policy, client, authenticator) => {
    expect(() => check(policy, client, authenticator)).toThrow(invalid);
  });
});
