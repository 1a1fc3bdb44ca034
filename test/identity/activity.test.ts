import { expect, it } from 'vitest';
import { type Activity, recentActivity, withActivity } from '../../src/identity/activity.ts';
import { addCredential, createUser, findUser, removeCredential } from '../../src/identity/user.ts';
import { credential } from '../store/sample.ts';
import { testPorts } from './ports.ts';

const at = (time: number): Activity => ({ event: 'login', time, name: 'Phone', address: '192.0.2.1' });

it('keeps the last ten, the newest first', () => {
  let user: Parameters<typeof withActivity>[0] = {};
  expect(recentActivity(user)).toEqual([]);
  for (let time = 1; time <= 12; time++) user = withActivity(user, at(time));
  expect(recentActivity(user).map(({ time }) => time)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
});

it('stays as it is where nothing is to be noted', () => {
  const user = withActivity({}, at(1));
  expect(withActivity(user, null)).toEqual(user);
});

it('passes over what is no event', () => {
  expect(recentActivity({ activity: [null, { event: 'other', time: 1 }, at(2)] })).toEqual([at(2)]);
});

it('is noted with what happened to a key', async () => {
  const ports = testPorts();
  const { value: user } = await createUser(ports, { name: 'ada' });
  const key = credential('AAAA');
  await addCredential(ports, user.id, key, { ...at(1), event: 'registration' });
  await removeCredential(ports, user.id, key.id, { ...at(2), event: 'credential_removed' });
  const found = await findUser(ports, user.id);
  expect(recentActivity(found?.value ?? {}).map(({ event }) => event)).toEqual(['credential_removed', 'registration']);
});
