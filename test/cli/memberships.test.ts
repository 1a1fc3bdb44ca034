import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildCommand, makeInstallation, ngxFido2, type Trial } from '../helpers/command.ts';

let trial: Trial;
const on = (...args: string[]) => ngxFido2([...args, '--data', trial.data]);
const json = async (...args: string[]) => JSON.parse((await on(...args, '--json')).stdout);

beforeAll(async () => {
  await buildCommand();
  trial = makeInstallation();
});
afterAll(() => trial.remove());

describe('memberships that end by themselves', () => {
  test('a group for eight hours is shown with its end, and for good without', async () => {
    await on('users', 'add', 'ada', '--group', 'staff');
    const before = Date.now();
    const added = await json('groups', 'add', 'ada', 'admins', '--for', '8h');
    expect(added).toMatchObject({ user: 'ada', groups: ['admins', 'staff'] });
    const end = Date.parse(added.until) - 8 * 3_600_000;
    expect(end).toBeGreaterThan(before - 1000);
    expect(end).toBeLessThanOrEqual(Date.now());
    expect((await json('users', 'show', 'ada')).groupEnds).toEqual([{ group: 'admins', at: added.until }]);
    expect((await on('users', 'show', 'ada')).stdout).toContain(`admins ends ${added.until}`);
    await on('groups', 'add', 'ada', 'admins');
    expect(await json('users', 'show', 'ada')).toMatchObject({ groups: ['admins', 'staff'], groupEnds: [] });
  });

  test('an account has an end from the start, or gets one, or loses it', async () => {
    expect(await json('users', 'add', 'eve', '--until', '2999-01-31')).toMatchObject({
      name: 'eve',
      until: '2999-01-31T00:00:00Z',
      keys: 0,
    });
    expect((await on('users', 'show', 'eve')).stdout).toContain('account   ends 2999-01-31T00:00:00Z');
    expect(await json('users', 'expire', 'eve', '2998-12-31T18:00+01:00')).toEqual({
      user: 'eve',
      until: '2998-12-31T17:00:00Z',
    });
    expect((await json('users', 'expire', 'eve', 'never')).until).toBeNull();
    expect((await on('users', 'show', 'eve')).stdout).not.toContain('account ');
  });

  test.each([
    ['soon', /is no time/],
    ['2999-02-40', /is no time/],
    ['2001-01-31', /is over/],
    ['2999-01-31T18:00', /is no time/],
  ])('%s is wrong usage', async (when, message) => {
    for (const args of [
      ['users', 'expire', 'ada', when],
      ['users', 'add', 'new', '--until', when],
      ['groups', 'add', 'ada', 'x', '--for', when],
    ]) {
      const { status, stderr } = await on(...args);
      expect([args, status]).toEqual([args, 2]);
      expect(stderr).toMatch(message);
    }
    expect((await on('users', 'show', 'new')).status).toBe(1);
  });

  test('a name is given once', async () => {
    const { status, stderr } = await on('users', 'add', 'ADA');
    expect(status).toBe(1);
    expect(stderr).toContain('taken');
  });
});
