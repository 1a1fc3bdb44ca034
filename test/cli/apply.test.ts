import { chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { accessChanges } from '../../src/cli/apply/access-changes.ts';
import { readInForce } from '../../src/cli/apply/internal-listener.ts';
import { createUser } from '../../src/identity/user.ts';
import { parseSettings } from '../../src/policy/settings.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get } from '../helpers/client.ts';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { readSettings } from '../helpers/records.ts';
import { startUpstream } from '../helpers/upstream.ts';

const settings = (policies: object) =>
  parseSettings(JSON.stringify({ rp: { origins: ['https://a.example'] }, policies })).settings;
const account = (name: string, groups: string[] = []) => ({ id: name, name, groups });

describe('what changes', () => {
  const people = [account('ada', ['admins']), account('bob')];
  const change = (before: object, after: object) => accessChanges(settings(before), settings(after), people);

  test('who is admitted now, and who no longer', () => {
    const { more, less } = change({ a: { groups: ['admins'] }, b: {} }, { a: {}, b: { groups: ['admins'] } });
    expect(more).toEqual([{ user: 'bob', policy: 'a' }]);
    expect(less).toEqual([{ user: 'bob', policy: 'b' }]);
  });

  test('a policy that comes or goes', () => {
    expect(change({}, { a: { users: ['ada'] } }).more).toEqual([{ user: 'ada', policy: 'a' }]);
    expect(change({ a: { users: ['ada'] } }, {}).less).toEqual([{ user: 'ada', policy: 'a' }]);
  });

  test('conditions are told by their name, and hide no change of who', () => {
    const before = { a: { groups: ['admins'], maxAge: '5m', networks: ['10.0.0.0/8'] } };
    const { more, less, conditions } = change(before, { a: { maxAge: '1h', networks: ['10.0.0.0/8'] } });
    expect({ more, less }).toEqual({ more: [{ user: 'bob', policy: 'a' }], less: [] });
    expect(conditions).toEqual([{ policy: 'a', rules: ['maxAge'] }]);
  });
});

describe.runIf(await needs('nginx'))('apply', () => {
  let nginx: RunningNginx;
  let cookie: string;
  const apply = (...args: string[]) => ngxFido2(['apply', '--config', join(nginx.folder, 'fido2.json'), ...args]);
  const status = async (path: string) => (await get(nginx, path, { cookie })).status;
  const withPolicies = (policies: object) => nginx.writeSettings({ ...readSettings(nginx), policies });

  beforeAll(async () => {
    await buildCommand();
    nginx = await startNginx({ upstream: await startUpstream(), workers: 4 });
    ({ cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' }));
    await createUser(nginx.ports, { name: 'bob', groups: ['admins'] });
    await createUser(nginx.ports, { name: 'gone', groups: ['admins'], until: 1 });
  });

  test('shows who may do more and who less, and puts it in force on every worker', async () => {
    expect(await status('/app/')).toBe(200);
    withPolicies({ user: { groups: ['admins'] }, admin: { users: ['bob'] } });
    const dry = await apply('--dry-run');
    expect(dry.stdout).toContain('- ada is no longer admitted by user');
    expect(dry.stdout).toContain('not applied');
    // an account that has ended is nobody
    expect(dry.stdout).not.toContain('gone');
    expect(await status('/app/')).toBe(200);
    const { status: exit, stdout, stderr } = await apply();
    expect(stderr).toContain('- ada is no longer admitted by user');
    expect(stdout).toBe('in force on all workers\n');
    expect(exit).toBe(0);
    expect(await Promise.all(Array.from({ length: 16 }, () => status('/app/')))).toEqual(Array(16).fill(403));
    const reports = await Promise.all(
      Array.from({ length: 40 }, () => readInForce(join(nginx.folder, 'run/fido2.sock'))),
    );
    expect(new Set(reports.map(({ digest }) => digest)).size).toBe(1);
    expect(new Set(reports.map(({ worker }) => worker)).size).toBeGreaterThan(1);
    expect(nginx.audit().map(({ event }) => event)).toContain('settings_apply');
  });

  test('a second time there is nothing to do', async () => {
    const workers = nginx.workers();
    const { stdout, status: exit } = await apply('--json');
    expect(JSON.parse(stdout)).toMatchObject({ applied: false, more: [], less: [] });
    // those of before may still be leaving
    expect(nginx.workers().filter((worker) => !workers.includes(worker))).toEqual([]);
    expect(exit).toBe(0);
  });

  test('a bad document is refused and leaves the last good one in force', async () => {
    withPolicies({ user: { group: ['admins'] } });
    const { status: exit, stderr } = await apply();
    expect(exit).toBe(1);
    expect(stderr).toMatch(/fido2\.json:\d+:\d+: policies\.user\.group: there is no such member/);
    expect(await status('/app/')).toBe(403);
  });

  test.runIf(process.geteuid?.() === 0)('one that the workers cannot read leaves it as well, and is told', async () => {
    withPolicies({ user: {} });
    const file = join(nginx.folder, 'fido2.json');
    chownSync(file, 0, 0);
    const { status: exit, stderr } = await apply();
    chownSync(file, nginx.owner.uid, nginx.owner.gid);
    expect(stderr).toMatch(/not in force, the last good one stays: .*fido2[.]json/);
    expect([exit, await status('/app/')]).toEqual([1, 403]);
  });

  test('takes the process number from a file, and none that is not there', async () => {
    withPolicies({ user: {} });
    const file = join(nginx.folder, 'other.pid');
    writeFileSync(file, '1\n');
    const { status: exit, stderr } = await apply('--pid', file);
    expect(stderr).toContain('holds no process number');
    expect([exit, await status('/app/')]).toEqual([1, 403]);
    writeFileSync(file, `${nginx.master}\n`);
    expect((await apply('--pid', file)).status).toBe(0);
    expect(await status('/app/')).toBe(200);
  });

  test('without a running nginx nothing is compared and nothing done', async () => {
    const { status: exit, stderr } = await apply('--socket', join(nginx.folder, 'none.sock'));
    expect(exit).toBe(1);
    expect(stderr).toContain('hint: is nginx running?');
  });
});
