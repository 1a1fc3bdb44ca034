import { beforeEach, describe, expect, test } from 'vitest';
import {
  createInvite,
  listInvites,
  lookUpInvite,
  lookUpInviteByKey,
  restoreInvite,
  useInvite,
  voidInvites,
} from '../../src/identity/invite.ts';
import { addCredential, createUser } from '../../src/identity/user.ts';
import { credential } from '../store/sample.ts';
import { type TestPorts, testPorts } from './ports.ts';

const invalid = { code: 'invite_invalid' };
let ports: TestPorts;
let user = '';
beforeEach(async () => {
  ports = testPorts();
  user = (await createUser(ports, { name: 'ana' })).value.id;
});

const invite = async (life = 60_000): Promise<string> =>
  (await createInvite(ports, { user, life, recover: false })).code;

test('a code has 160 random bits and is not in the store', async () => {
  const code = await invite();
  expect(code).toMatch(/^[A-Za-z0-9_-]{27}$/);
  const [stored] = await listInvites(ports);
  expect(stored?.value).toEqual({
    v: 1,
    user,
    created: ports.time,
    expires: ports.time + 60_000,
    recover: false,
    used: null,
  });
  expect(JSON.stringify(stored)).not.toContain(code);
  expect((await lookUpInvite(ports, code)).key).toBe(stored?.key);
  expect((await lookUpInviteByKey(ports, stored?.key ?? '')).value.user).toBe(user);
});

test('unknown, expired, used and malformed codes are refused alike', async () => {
  const code = await invite();
  for (const other of ['', 'x', 'A'.repeat(27), `${code}A`, `../${code}`, code.toLowerCase()]) {
    await expect(lookUpInvite(ports, other), other).rejects.toMatchObject(invalid);
  }
  ports.time += 59_999;
  await expect(lookUpInvite(ports, code)).resolves.toBeDefined();
  ports.time += 1;
  await expect(lookUpInvite(ports, code)).rejects.toMatchObject(invalid);
});

describe('use', () => {
  test('one of many uses the invite', async () => {
    const found = await lookUpInvite(ports, await invite());
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => useInvite(ports, found, 'AAAA')));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(invalid);
    await expect(lookUpInviteByKey(ports, found.key)).rejects.toMatchObject(invalid);
  });

  test('it tells when and for which credential', async () => {
    const used = await useInvite(ports, await lookUpInvite(ports, await invite()), 'AAAA');
    expect(used.value.used).toEqual({ at: ports.time, credential: 'AAAA' });
  });

  test('restored after a failed write it can be used once more', async () => {
    const code = await invite();
    await restoreInvite(ports, await useInvite(ports, await lookUpInvite(ports, code), 'AAAA'));
    const used = await useInvite(ports, await lookUpInvite(ports, code), 'BBBB');
    expect(used.value.used?.credential).toBe('BBBB');
    await expect(lookUpInvite(ports, code)).rejects.toMatchObject(invalid);
  });

  test('one that was voided meanwhile is not used', async () => {
    const found = await lookUpInvite(ports, await invite());
    await voidInvites(ports, () => true);
    await expect(useInvite(ports, found, 'AAAA')).rejects.toMatchObject(invalid);
  });

  test('a voided invite is not restored', async () => {
    const code = await invite();
    const used = await useInvite(ports, await lookUpInvite(ports, code), 'AAAA');
    await voidInvites(ports, () => true);
    await restoreInvite(ports, used);
    await expect(lookUpInvite(ports, code)).rejects.toMatchObject(invalid);
  });
});

test('voidInvites ends those that are named', async () => {
  const other = (await createUser(ports, { name: 'eve' })).value.id;
  const code = await invite();
  const kept = (await createInvite(ports, { user: other, life: 60_000, recover: false })).code;
  expect(await voidInvites(ports, (each) => each.user === user)).toBe(1);
  await expect(lookUpInvite(ports, code)).rejects.toMatchObject(invalid);
  await expect(lookUpInvite(ports, kept)).resolves.toBeDefined();
});

test('a user with a passkey needs recover, an unknown one gets none', async () => {
  await addCredential(ports, user, credential('AAAA'));
  await expect(invite()).rejects.toMatchObject({ code: 'recover_required' });
  const { invite: made } = await createInvite(ports, { user, life: 1000, recover: true });
  expect(made.recover).toBe(true);
  await expect(createInvite(ports, { user: 'A'.repeat(22), life: 1000, recover: true })).rejects.toMatchObject({
    code: 'not_found',
  });
});
