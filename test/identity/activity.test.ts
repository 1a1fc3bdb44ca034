import { expect, it } from 'vitest';
import { type Activity, noteActivity, recentActivity } from '../../src/identity/activity.ts';
import { createUser, deleteUser } from '../../src/identity/user.ts';
import { activityKey } from '../../src/store/keys.ts';
import { testPorts } from './ports.ts';

const at = (time: number): Activity => ({ event: 'login', time, name: 'Phone', address: '192.0.2.1' });

it('keeps the last ten, the newest first', async () => {
  const { store } = testPorts();
  expect(await recentActivity(store, 'u')).toEqual([]);
  for (let time = 1; time <= 12; time++) await noteActivity(store, 'u', at(time));
  expect((await recentActivity(store, 'u')).map(({ time }) => time)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
});

it('of one user is not that of another, and goes with the user', async () => {
  const ports = testPorts();
  const { value: user } = await createUser(ports, { name: 'ada', groups: [] });
  await noteActivity(ports.store, user.id, at(1));
  await noteActivity(ports.store, 'other', at(2));
  await deleteUser(ports, user.id);
  expect(await ports.store.get(activityKey(user.id))).toBeNull();
  expect(await recentActivity(ports.store, 'other')).toEqual([at(2)]);
});

it('loses an event rather than wait when others are always faster', async () => {
  const { store } = testPorts();
  let asked = 0;
  const putIf = async () => {
    asked++;
    return null;
  };
  const busy = { ...store, putIf };
  await noteActivity(busy, 'u', at(1));
  expect(asked).toBe(4);
});
