import { boolean, type GenericSchema, looseObject, nullable, number, string } from 'valibot';
import { toBase64url, utf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { inviteKey } from '../store/keys.ts';
import { digestPart, type IdentityPorts, readRecord, version1 } from './record.ts';
import { findUser } from './user.ts';

/** Times are milliseconds since 1970. The code itself is not stored: the record's key is its SHA-256. */
export type Invite = {
  readonly v: 1;
  /** The user's id. */
  readonly user: string;
  readonly created: number;
  readonly expires: number;
  /** Made for a user who had a passkey already. */
  readonly recover: boolean;
  readonly used: { readonly at: number; readonly credential: string } | null;
};

export interface StoredInvite {
  readonly key: string;
  readonly value: Invite;
  readonly version: string;
}

const inviteSchema: GenericSchema<unknown, Invite> = looseObject({
  v: version1,
  user: string(),
  created: number(),
  expires: number(),
  recover: boolean(),
  used: nullable(looseObject({ at: number(), credential: string() })),
});

const codeForm = /^[A-Za-z0-9_-]{27}$/;

export interface NewInvite {
  /** The user's id. */
  readonly user: string;
  /** Milliseconds. */
  readonly life: number;
  /** Needed when the user has a passkey, for whoever holds the link becomes that user. */
  readonly recover: boolean;
}

/** The code (160 random bits) is told once, here. Throws `not_found`, `recover_required`. */
export async function createInvite(
  ports: IdentityPorts,
  { user, life, recover }: NewInvite,
): Promise<{ code: string; invite: Invite }> {
  const owner = await findUser(ports, user);
  if (owner === null) throw new Fido2Error('not_found', `no user ${user}`);
  if (owner.value.credentials.length > 0 && !recover) {
    throw new Fido2Error('recover_required', `${owner.value.name} has a passkey`);
  }
  const code = toBase64url(ports.random.bytes(20));
  const created = ports.clock.now();
  const invite: Invite = { v: 1, user, created, expires: created + life, recover, used: null };
  if ((await ports.store.putIf(await keyOf(ports, code), invite, null)) === null) {
    throw new Fido2Error('error', 'the random invite code exists');
  }
  return { code, invite };
}

/** The usable invite of a code. Unknown, used and expired ones are `invite_invalid` alike. */
export async function lookUpInvite(ports: IdentityPorts, code: string): Promise<StoredInvite> {
  if (!codeForm.test(code)) throw new Fido2Error('invite_invalid', 'not the form of a code');
  return lookUpInviteByKey(ports, await keyOf(ports, code));
}

/** The same by the record's key, which a challenge carries instead of the code. */
export async function lookUpInviteByKey(ports: IdentityPorts, key: string): Promise<StoredInvite> {
  const found = await readRecord(ports.store, key, inviteSchema);
  if (found === null) throw new Fido2Error('invite_invalid', 'no such invite');
  if (found.value.used !== null) throw new Fido2Error('invite_invalid', `used at ${found.value.used.at}`);
  if (found.value.expires <= ports.clock.now()) {
    throw new Fido2Error('invite_invalid', `expired at ${found.value.expires}`);
  }
  return { key, ...found };
}

/**
 * Marks the invite as used; exactly one caller succeeds, everybody else gets `invite_invalid`. Call it before the
 * credential is written: killed between the two, the link is spent without a credential and a new one is needed;
 * the other way round one link could enrol two.
 */
export async function useInvite(ports: IdentityPorts, invite: StoredInvite, credential: string): Promise<StoredInvite> {
  const value: Invite = { ...invite.value, used: { at: ports.clock.now(), credential } };
  const version = await ports.store.putIf(invite.key, value, invite.version);
  if (version === null) throw new Fido2Error('invite_invalid', 'used by somebody else at the same moment');
  return { key: invite.key, value, version };
}

/** Makes the invite that `useInvite` returned usable again, when the credential could not be written. */
export async function restoreInvite(ports: IdentityPorts, invite: StoredInvite): Promise<void> {
  await ports.store.putIf(invite.key, { ...invite.value, used: null }, invite.version);
}

export async function listInvites(ports: IdentityPorts): Promise<StoredInvite[]> {
  const invites: StoredInvite[] = [];
  for (const key of await ports.store.list('invites')) {
    const found = await readRecord(ports.store, key, inviteSchema);
    if (found !== null) invites.push({ key, ...found });
  }
  return invites;
}

/** Ends every invite that `which` names, used or not; returns how many. One that changes meanwhile is asked again. */
export async function voidInvites(ports: IdentityPorts, which: (invite: Invite) => boolean): Promise<number> {
  let ended = 0;
  for (let { key, value, version } of await listInvites(ports)) {
    while (which(value)) {
      if (await ports.store.deleteIf(key, version)) {
        ended++;
        break;
      }
      const current = await readRecord(ports.store, key, inviteSchema);
      if (current === null) break;
      ({ value, version } = current);
    }
  }
  return ended;
}

async function keyOf(ports: IdentityPorts, code: string): Promise<string> {
  return inviteKey(await digestPart(ports, utf8(code)));
}
