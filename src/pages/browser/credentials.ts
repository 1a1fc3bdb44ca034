/** The JSON forms of Level 3 sections 5.1.8 to 5.1.10, by the browser where it has them, else by hand. */

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function base64url(buffer: ArrayBuffer): string {
  let binary = '';
  for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

function descriptors(list: readonly PublicKeyCredentialDescriptorJSON[] = []): PublicKeyCredentialDescriptor[] {
  return list.map((item) => ({
    id: bytes(item.id),
    type: 'public-key',
    ...(item.transports && { transports: item.transports as AuthenticatorTransport[] }),
  }));
}

export function requestOptions(json: PublicKeyCredentialRequestOptionsJSON): PublicKeyCredentialRequestOptions {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  const { extensions: _, ...rest } = json;
  return {
    ...(rest as Omit<PublicKeyCredentialRequestOptions, 'challenge' | 'allowCredentials'>),
    challenge: bytes(json.challenge),
    allowCredentials: descriptors(json.allowCredentials),
  };
}

export function creationOptions(json: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptions {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  const { extensions = {}, ...rest } = json;
  const { largeBlob: _, prf: __, ...plain } = extensions; // these hold bytes; the site asks for neither
  return {
    ...(rest as Omit<PublicKeyCredentialCreationOptions, 'challenge' | 'user' | 'excludeCredentials'>),
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: descriptors(json.excludeCredentials),
    extensions: plain,
  };
}

/** What the result endpoints take: RegistrationResponseJSON or AuthenticationResponseJSON. */
export function responseJson(credential: PublicKeyCredential): object {
  if (credential.toJSON) return credential.toJSON();
  const response = credential.response;
  const common = { clientDataJSON: base64url(response.clientDataJSON) };
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    ...(credential.authenticatorAttachment && { authenticatorAttachment: credential.authenticatorAttachment }),
    response:
      response instanceof AuthenticatorAssertionResponse
        ? {
            ...common,
            authenticatorData: base64url(response.authenticatorData),
            signature: base64url(response.signature),
            ...(response.userHandle && { userHandle: base64url(response.userHandle) }),
          }
        : response instanceof AuthenticatorAttestationResponse && {
            ...common,
            attestationObject: base64url(response.attestationObject),
            transports: response.getTransports?.() ?? [],
          },
  };
}
