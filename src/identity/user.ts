import { array, boolean, type GenericSchema, looseObject, nullable, number, optional, string, unknown } from 'valibot';
import { fromBase64url, toBase64url, utf8 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';
import { credentialKey, nameKey, userKey } from '../store/keys.ts';
import { foldAccountName, parseAccountName, parseDisplayName } from './account-name.ts';
import { type Activity, withActivity } from './activity.ts';
import { type Credential, credentialSchema } from './credential.ts';
import { parseGroups } from './group.ts';
import {
  deleteRecord,
  digestPart,
  type IdentityPorts,
  type ReadPorts,
  readRecord,
  updateRecord,
  type Versioned,
  version1,
} from './record.ts';

export type { Credential };

export type User = {
  readonly v: 1;
  /** 16 random bytes: the WebAuthn user handle and the identity token's `sub`. Never reused. */
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  /** Those that have ended too: `groupsAt` says which count. */
  readonly groups: readonly string[];
  /** When a membership ends by itself. */
  readonly groupEnds?: readonly { readonly group: string; readonly at: number }[] | undefined;
  readonly disabled: boolean;
  /** When the account ends by itself. */
  readonly until?: number | null | undefined;
  readonly created: number;
  readonly credentials: readonly Credential[];
  /** See recentActivity. */
  readonly activity?: readonly unknown[] | undefined;
};

const userSchema: GenericSchema<unknown, User> = looseObject({
  v: version1,
  id: string(),
  name: string(),
  displayName: string(),
  groups: array(string()),
  groupEnds: optional(array(looseObject({ group: string(), at: number() }))),
  disabled: boolean(),
  until: optional(nullable(number())),
  created: number(),
  credentials: array(credentialSchema),
  activity: optional(array(unknown())),
});

/** `names/..` and `credentials/..`: whose it is. Publishing one is what makes a name or a credential unique. */
type Pointer = { readonly v: 1; readonly user: string };
const pointerSchema: GenericSchema<unknown, Pointer> = looseObject({ v: version1, user: string() });

const userId = /^[A-Za-z0-9_-]{22}$/;

export async function findUser(ports: ReadPorts, id: string): Promise<Versioned<User> | null> {
  return userId.test(id) ? readRecord(ports.store, userKey(id), userSchema) : null;
}

/** The user of that account name in any case and compatibility form. */
export async function findUserByName(ports: ReadPorts, name: string): Promise<Versioned<User> | null> {
  const pointer = await readRecord(ports.store, await keyOfName(ports, name), pointerSchema);
  return pointer === null ? null : findUser(ports, pointer.value.user);
}

/** Who signs in with that credential (base64url), with the credential. A pointer to a user without it is nobody. */
export async function findUserByCredential(
  ports: ReadPorts,
  credentialId: string,
): Promise<(Versioned<User> & { readonly credential: Credential }) | null> {
  const key = await keyOfCredential(ports, credentialId);
  const pointer = key === null ? null : await readRecord(ports.store, key, pointerSchema);
  const user = pointer === null ? null : await findUser(ports, pointer.value.user);
  const credential = user?.value.credentials.find((each) => each.id === credentialId);
  return user === null || credential === undefined ? null : { ...user, credential };
}

/** Every user who has a name, in no order. */
export async function listUsers(ports: ReadPorts): Promise<User[]> {
  const users: User[] = [];
  for (const key of await ports.store.list('names')) {
    const pointer = await readRecord(ports.store, key, pointerSchema);
    const user = pointer === null ? null : await findUser(ports, pointer.value.user);
    if (user !== null) users.push(user.value);
  }
  return users;
}

export interface NewUser {
  readonly name: string;
  readonly displayName?: string;
  readonly groups?: readonly string[];
  readonly until?: number | null;
}

/**
 * Throws `malformed` or `name_taken`. The record is written before its name: until the name points to it nothing
 * leads to it, and a name whose user is missing can only be what a deletion left, so it may be taken over.
 */
export async function createUser(ports: IdentityPorts, wanted: NewUser): Promise<Versioned<User>> {
  const name = parseAccountName(wanted.name);
  const user: User = {
    v: 1,
    id: toBase64url(ports.random.bytes(16)),
    name,
    displayName: parseDisplayName(wanted.displayName ?? name),
    groups: parseGroups(wanted.groups ?? []),
    disabled: false,
    until: wanted.until ?? null,
    created: ports.clock.now(),
    credentials: [],
  };
  const key = await keyOfName(ports, name);
  const taken = new Fido2Error('name_taken', `the account name ${JSON.stringify(name)} is taken`);
  const pointer = await readRecord(ports.store, key, pointerSchema);
  if (pointer !== null && (await findUser(ports, pointer.value.user)) !== null) throw taken;
  const version = await ports.store.putIf(userKey(user.id), user, null);
  if (version === null) throw new Fido2Error('error', `the random user id ${user.id} exists`);
  if ((await ports.store.putIf(key, { v: 1, user: user.id }, pointer?.version ?? null)) === null) {
    await deleteRecord(ports.store, userKey(user.id));
    throw taken;
  }
  return { value: user, version };
}

/** What may change; id, name and creation stay. */
export type UserChange = Partial<Omit<User, 'v' | 'id' | 'name' | 'created'>>;

/** Compare-and-set with retry; null from `change` leaves the record. Throws `not_found`, `store_unavailable`. */
export async function updateUser(
  ports: ReadPorts,
  id: string,
  change: (user: User) => UserChange | null,
  known: Versioned<User> | null = null,
): Promise<Versioned<User>> {
  if (!userId.test(id)) throw new Fido2Error('not_found', 'no such user');
  const changed = (user: User): User | null => {
    const { v, name, created } = user;
    const changes = change(user);
    return changes === null ? null : { ...user, ...changes, v, id, name, created };
  };
  return updateRecord(ports.store, userKey(id), userSchema, changed, known);
}

/**
 * Level 3 step 7.1.26 and the storing. Throws `already_registered`, `not_found`. The pointer comes first: killed
 * after it, the id belongs to nobody, and an authenticator makes a new one next time; the other way round the
 * user would hold a key that does not sign in and is excluded from enrolling again. A pointer to another user is
 * never taken over, so two users cannot hold one id in any interleaving.
 */
export async function addCredential(
  ports: ReadPorts,
  id: string,
  credential: Credential,
  activity: Activity | null = null,
): Promise<Versioned<User>> {
  const key = await keyOfCredential(ports, credential.id);
  if (key === null) throw new Fido2Error('malformed', 'the credential id is not base64url');
  const refused = new Fido2Error('already_registered', `credential ${credential.id} is registered`, { step: '7.1.26' });
  const pointer = await readRecord(ports.store, key, pointerSchema);
  if (pointer !== null && pointer.value.user !== id) throw refused;
  if ((await ports.store.putIf(key, { v: 1, user: id }, pointer?.version ?? null)) === null) throw refused;
  return updateUser(ports, id, (user) => {
    if (user.credentials.some((each) => each.id === credential.id)) throw refused;
    return { credentials: [...user.credentials, credential], ...withActivity(user, activity) };
  });
}

/** Throws `not_found`. The user's record comes first: from then on the key signs nobody in. */
export async function removeCredential(
  ports: ReadPorts,
  id: string,
  credentialId: string,
  activity: Activity | null = null,
): Promise<Versioned<User>> {
  const key = await keyOfCredential(ports, credentialId);
  const pointer = key === null ? null : await ports.store.get(key);
  const user = await updateUser(ports, id, (current) => {
    const rest = current.credentials.filter((each) => each.id !== credentialId);
    if (rest.length === current.credentials.length) throw new Fido2Error('not_found', `no credential ${credentialId}`);
    return { credentials: rest, ...withActivity(current, activity) };
  });
  if (key !== null && pointer !== null) await ports.store.deleteIf(key, pointer.version);
  return user;
}

/** False if there is no such user. The record goes first: what is left of the pointers then leads to nobody. */
export async function deleteUser(ports: ReadPorts, id: string): Promise<boolean> {
  const user = await findUser(ports, id);
  if (user === null || !(await deleteRecord(ports.store, userKey(id)))) return false;
  const pointers = [await keyOfName(ports, user.value.name)];
  for (const credential of user.value.credentials) {
    const key = await keyOfCredential(ports, credential.id);
    if (key !== null) pointers.push(key);
  }
  for (const key of pointers) {
    const pointer = await readRecord(ports.store, key, pointerSchema);
    if (pointer?.value.user === id) await ports.store.deleteIf(key, pointer.version);
  }
  return true;
}

async function keyOfName(ports: ReadPorts, name: string): Promise<string> {
  return nameKey(await digestPart(ports, utf8(foldAccountName(name))));
}

async function keyOfCredential(ports: ReadPorts, credentialId: string): Promise<string | null> {
  const bytes = fromBase64url(credentialId);
  return bytes === null ? null : credentialKey(await digestPart(ports, bytes));
}
