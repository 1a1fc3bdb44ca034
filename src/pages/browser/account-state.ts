/** What GET /account/state answers, as the account page reads it. Times are milliseconds since 1970. */

export interface CredentialState {
  readonly id: string;
  readonly name: string;
  readonly aaguid: string;
  readonly created: number;
  readonly lastUsed: number | null;
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  /** How the authenticator is reached (Level 3 section 5.8.4), as it said when the passkey was made. */
  readonly transports: readonly string[];
  readonly current: boolean;
}

export interface SessionState {
  readonly sid: string;
  readonly current: boolean;
  /** Id of the passkey that started it. */
  readonly credential?: string;
  readonly created: number;
  readonly lastSeen: number;
  readonly userAgent?: string;
  readonly address: string;
}

export interface ActivityState {
  readonly event: string;
  readonly time: number;
  /** Name of the passkey, as it was then. */
  readonly name: string;
  readonly address: string;
}

export interface AccountState {
  /** `id` is the user handle of the passkeys; without it the device's list of passkeys is left alone. */
  readonly user: { readonly name: string; readonly displayName: string; readonly id?: string };
  readonly rpId?: string;
  readonly credentials: readonly CredentialState[];
  readonly sessions: readonly SessionState[];
  /** The last events, the newest first. */
  readonly activity: readonly ActivityState[];
  /** Whether the last verification is recent enough for changes. */
  readonly fresh: boolean;
}

/** Whether people find it on a phone, a computer or in a password manager, and not on a key that they carry. */
export function isOnDevice({ backupEligible, transports }: CredentialState): boolean {
  return backupEligible || transports.includes('internal');
}
