import { beforeEach, describe, expect, test } from 'vitest';
import {
  addCredential,
  createUser,
  deleteUser,
  findUser,
  findUserByCredential,
  findUserByName,
  listUsers,
  removeCredential,
  updateUser,
} from '../../src/identity/user.ts';
import { credential } from '../store/sample.ts';
import { type TestPorts, testPorts } from './ports.ts';

let ports: TestPorts;
beforeEach(() => {
  ports = testPorts();
});

const create = async (name: string): Promise<string> => (await createUser(ports, { name })).value.id;

describe('account names', () => {
  test('a user is found by id and by name in any case and compatibility form', async () => {
    const { value } = await createUser(ports, { name: ' Ana Sößmann ', groups: ['b', 'a', 'b'] });
    expect(value).toMatchObject({ v: 1, name: 'Ana Sößmann', displayName: 'Ana Sößmann', groups: ['a', 'b'] });
    expect(value).toMatchObject({ disabled: false, created: ports.time, credentials: [] });
    expect(value.id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect((await findUser(ports, value.id))?.value).toEqual(value);
    for (const name of ['ana sößmann', 'ANA SÖSSMANN', 'ana so\u0308ßmann', 'ａｎａ sößmann']) {
      expect((await findUserByName(ports, name))?.value.id, name).toBe(value.id);
    }
    expect(await findUserByName(ports, 'anna')).toBeNull();
  });

  test.each([
    ['admin', 'ADMIN'],
    ['straße', 'STRASSE'],
    ['Ωmega', 'ωmega'],
    ['ﬁn', 'fin'],
    ['μ', 'µ'],
    ['Kelvin', '\u212aelvin'],
  ])('%s and %s are one name', async (first, second) => {
    await create(first);
    await expect(create(second)).rejects.toMatchObject({ code: 'name_taken' });
    expect(await listUsers(ports)).toHaveLength(1);
  });

  test.each(['', '   ', 'x'.repeat(65), 'a\nb', 'a\u0000', 'a\u200bb', 'a\u202eb', 'a\u2028b', '\ud800'])(
    '%j is no account name',
    async (name) => {
      await expect(create(name)).rejects.toMatchObject({ code: 'malformed' });
      expect(await ports.store.list('users')).toEqual([]);
    },
  );

  test('64 characters outside the basic plane are 64 characters', async () => {
    await expect(create('𝒜'.repeat(64))).resolves.toMatch(/^.{22}$/);
  });

  test.each(['a b', '', 'x'.repeat(65), 'é', 'a\n'])('%j is no group', async (group) => {
    await expect(createUser(ports, { name: 'ana', groups: [group] })).rejects.toMatchObject({ code: 'malformed' });
  });

  test('of two who create one name at once, one gets it and nothing is left of the other', async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => create('ana')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await listUsers(ports)).toHaveLength(1);
    expect(await ports.store.list('users')).toHaveLength(1);
  });

  test('one who comes between the two writes of another is the only one then', async () => {
    let writes = 0;
    const slow: TestPorts = {
      ...ports,
      store: {
        ...ports.store,
        putIf: async (key, value, version) => {
          if (++writes === 2) await create('ANA');
          return ports.store.putIf(key, value, version);
        },
      },
    };
    await expect(createUser(slow, { name: 'ana' })).rejects.toMatchObject({ code: 'name_taken' });
    expect(writes).toBe(2);
    expect((await findUserByName(ports, 'ana'))?.value.name).toBe('ANA');
    expect(await ports.store.list('users')).toHaveLength(1);
  });

  test.each(['', '..', 'a/b', `${'x'.repeat(22)}\n`, '../names/x'])('%j is nobody’s id', async (id) => {
    expect(await findUser(ports, id)).toBeNull();
    await expect(updateUser(ports, id, () => ({ disabled: true }))).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('updateUser', () => {
  test('changes what may change and nothing else', async () => {
    const id = await create('ana');
    await updateUser(ports, id, (user) => ({ ...user, name: 'eve', id: 'x', created: 0, disabled: true }));
    expect((await findUserByName(ports, 'ana'))?.value).toMatchObject({ id, name: 'ana', disabled: true });
    expect((await findUser(ports, id))?.value.created).toBe(ports.time);
  });
});

describe('credentials', () => {
  test('a credential is found with its user until it is removed', async () => {
    const id = await create('ana');
    await addCredential(ports, id, credential('AAAA'));
    await addCredential(ports, id, credential('BBBB'));
    const found = await findUserByCredential(ports, 'BBBB');
    expect(found?.value.id).toBe(id);
    expect(found?.credential).toEqual(credential('BBBB'));
    await removeCredential(ports, id, 'BBBB');
    expect(await findUserByCredential(ports, 'BBBB')).toBeNull();
    expect((await findUserByCredential(ports, 'AAAA'))?.value.credentials).toHaveLength(1);
    await expect(removeCredential(ports, id, 'BBBB')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('7.1.26: nobody registers the credential of another, nor one twice', async () => {
    const ana = await create('ana');
    const eve = await create('eve');
    await addCredential(ports, ana, credential('AAAA'));
    for (const id of [ana, eve]) {
      await expect(addCredential(ports, id, credential('AAAA'))).rejects.toMatchObject({
        code: 'already_registered',
        step: '7.1.26',
      });
    }
    expect((await findUser(ports, eve))?.value.credentials).toEqual([]);
    expect((await findUserByCredential(ports, 'AAAA'))?.value.id).toBe(ana);
  });

  test('7.1.26: of many who register one credential at once, one succeeds', async () => {
    const ids = await Promise.all(['a', 'b', 'c', 'd'].map(create));
    const results = await Promise.allSettled(
      [...ids, ...ids].map((id) => addCredential(ports, id, credential('AAAA'))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const holders = (await listUsers(ports)).filter(({ credentials }) => credentials.length > 0);
    expect(holders).toHaveLength(1);
    expect((await findUserByCredential(ports, 'AAAA'))?.value.id).toBe(holders[0]?.id);
  });

  test('a pointer to a user who does not hold the credential is nobody', async () => {
    const ana = await create('ana');
    await addCredential(ports, ana, credential('AAAA'));
    await updateUser(ports, ana, () => ({ credentials: [] }));
    expect(await findUserByCredential(ports, 'AAAA')).toBeNull();
    await expect(addCredential(ports, await create('eve'), credential('AAAA'))).rejects.toMatchObject({
      code: 'already_registered',
    });
    await addCredential(ports, ana, credential('AAAA'));
    expect((await findUserByCredential(ports, 'AAAA'))?.value.id).toBe(ana);
  });

  test.each(['', 'A', 'AA==', 'A+/A', '../x', 'AB'])('%j is no credential id', async (id) => {
    const ana = await create('ana');
    expect(await findUserByCredential(ports, id)).toBeNull();
    if (id !== '') await expect(addCredential(ports, ana, credential(id))).rejects.toMatchObject({ code: 'malformed' });
  });

  test('a credential id of 1,023 bytes is stored', async () => {
    const long = 'A'.repeat(1364);
    await addCredential(ports, await create('ana'), credential(long));
    expect((await findUserByCredential(ports, long))?.credential.id).toBe(long);
  });
});

describe('deleteUser', () => {
  test('leaves nothing, frees the name, and the next of that name is another', async () => {
    const id = await create('ana');
    await addCredential(ports, id, credential('AAAA'));
    expect(await deleteUser(ports, id)).toBe(true);
    expect(await deleteUser(ports, id)).toBe(false);
    expect(await findUser(ports, id)).toBeNull();
    expect(await findUserByName(ports, 'ana')).toBeNull();
    expect(await findUserByCredential(ports, 'AAAA')).toBeNull();
    for (const prefix of ['users', 'names', 'credentials']) expect(await ports.store.list(prefix)).toEqual([]);
    expect(await create('ana')).not.toBe(id);
  });

  test('a credential that is added while its user is deleted belongs to nobody', async () => {
    const id = await create('ana');
    await deleteUser(ports, id);
    await expect(addCredential(ports, id, credential('AAAA'))).rejects.toMatchObject({ code: 'not_found' });
    expect(await findUserByCredential(ports, 'AAAA')).toBeNull();
  });
});

test('a broken user is set aside and stops nobody else', async () => {
  await create('ana');
  const eve = await createUser(ports, { name: 'eve' });
  await ports.store.putIf(`users/${eve.value.id}`, { v: 1, name: 5 }, eve.version);
  expect((await listUsers(ports)).map(({ name }) => name)).toEqual(['ana']);
  expect(ports.log).toHaveLength(1);
});
