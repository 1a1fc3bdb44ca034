/**
 * The same samples verified by other libraries, each as its documentation says: JSON in, or what the library takes.
 * A sample that a library cannot do throws.
 */
import { SettingsService, verifyAuthenticationResponse, verifyRegistrationResponse } from '@simplewebauthn/server';
import { Fido2Lib } from 'fido2-lib';

const pem = (label, base64url) => {
  const lines = Buffer.from(base64url, 'base64url')
    .toString('base64')
    .match(/.{1,64}/g);
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
};
const arrayBuffer = (base64url) => new Uint8Array(Buffer.from(base64url, 'base64url')).buffer;

export async function simplewebauthn({ kind, challenge, origin, rpId, algorithm, credential, root, stored }) {
  const expected = { response: credential, expectedChallenge: challenge, expectedOrigin: origin, expectedRPID: rpId };
  if (kind === 'registration') {
    const { fmt } = formats;
    if (fmt !== root) trust(root);
    const { verified } = await verifyRegistrationResponse({ ...expected, supportedAlgorithmIDs: [algorithm] });
    if (!verified) throw new Error('not verified');
    return;
  }
  const publicKey = new Uint8Array(Buffer.from(stored.publicKey, 'base64url'));
  const { verified } = await verifyAuthenticationResponse({
    ...expected,
    credential: { id: stored.credentialId, publicKey, counter: 1 },
  });
  if (!verified) throw new Error('not verified');
}

const formats = { fmt: '' };

/** Chains have to lead to the root of the samples. */
function trust(root) {
  formats.fmt = root;
  const certificates = [pem('CERTIFICATE', root)];
  for (const identifier of ['packed', 'tpm', 'android-key', 'apple', 'fido-u2f'])
    SettingsService.setRootCertificates({ identifier, certificates });
}

const library = new Fido2Lib({ timeout: 60_000, authenticatorUserVerification: 'required' });

export async function fido2lib({ kind, challenge, origin, rpId, credential, stored }) {
  const answer = { ...credential, id: arrayBuffer(credential.id), rawId: arrayBuffer(credential.rawId) };
  const expected = { challenge, origin, rpId, factor: 'first' };
  if (kind === 'registration') {
    await library.attestationResult(answer, expected);
    return;
  }
  if (stored.spki === null) throw new Error('no such key');
  await library.assertionResult(answer, {
    ...expected,
    publicKey: pem('PUBLIC KEY', stored.spki),
    prevCounter: 1,
    userHandle: stored.userHandle,
  });
}
