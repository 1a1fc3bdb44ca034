/** What the device is told of the account (Level 3 section 5.1.10): courtesies, which no browser needs to know. */

export interface Signal {
  readonly rpId: string;
  readonly userId: string;
  readonly name: string;
  readonly displayName: string;
  /** All that still work: the device forgets every other one of this user. */
  readonly allAcceptedCredentialIds: string[];
}

export async function signalAccount(signal: Signal): Promise<void> {
  if (!('PublicKeyCredential' in window)) return;
  const { rpId, userId, name, displayName, allAcceptedCredentialIds } = signal;
  await Promise.allSettled([
    PublicKeyCredential.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds }),
    PublicKeyCredential.signalCurrentUserDetails?.({ rpId, userId, name, displayName }),
  ]);
}

/** For a passkey that the site does not know and never will. */
export async function signalUnknown(rpId: string, credentialId: string): Promise<void> {
  await Promise.allSettled([PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId })]);
}
