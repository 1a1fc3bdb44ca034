import { chmodSync, chownSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands/commands.ts';
import { nodeIdentityPorts } from '../../src/cli/installation.ts';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { deriveMacKeys, ensureMacRing } from '../../src/identity/mac-keys.ts';
import { listSessions, startSession } from '../../src/identity/session.ts';
import { addCredential, createUser } from '../../src/identity/user.ts';
import { buildCommand, makeInstallation, ngxFido2, projectFolder, runProgram, type Trial } from '../helpers/command.ts';

let trial: Trial;
const on = (...args: string[]) => ngxFido2([...args, '--data', trial.data]);
const json = async (...args: string[]) => JSON.parse((await on(...args, '--json')).stdout);

beforeAll(async () => {
  await buildCommand();
  trial = makeInstallation();
});
afterAll(() => trial.remove());

describe('usage', () => {
  test.each([
    [['invit'], 'did you mean'],
    [['invite'], 'invite --help'],
    [['invite', 'ada', '--nope'], 'invite --help'],
    [['invite', 'ada', '--ttl', 'soon'], 'write 15m'],
    [['invite', 'ada', '--ttl', '31d'], 'write 15m'],
    [['users', 'nope'], 'users --help'],
    [['sessions', 'revoke'], 'sessions list'],
    [['keys', 'rotate', '--now'], 'published for a while'],
    [['keys', 'revoke'], 'keys list'],
    [['keys', 'revoke', '--current', '--all'], 'keys list'],
    [['start', '--port', '65536'], '--port'],
    [['start', '--workers', '0'], '--workers'],
    [['start', '--crypto', 'rot13'], 'auto or portable'],
  ])('%j is wrong usage: status 2, one error and one hint', async (args, hint) => {
    const { status, stdout, stderr } = await ngxFido2(args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]+\nhint: [^\n]+\n$/);
    expect(stderr).toContain(hint);
  });

  test('without a command it shows the help and fails', async () => {
    const { status, stderr } = await ngxFido2([]);
    expect(status).toBe(2);
    expect(stderr).toContain('Usage: ngx-fido2');
  });

  test('naming the installation twice is wrong usage', async () => {
    expect((await on('users', 'list', '--config', join(trial.data, 'fido2.json'))).status).toBe(2);
  });

  test('an installation that is not there is a failure with a hint', async () => {
    const { status, stderr } = await ngxFido2(['users', 'list', '--data', '/nonexistent']);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'error: there is no /nonexistent/fido2.json\nhint: name the installation with --data DIR or --config FILE\n',
    );
  });

  test.each(commands.map(({ name }) => name))('%s --help shows an example and --json', async (name) => {
    const { status, stdout } = await ngxFido2([...name.split(' '), '--help']);
    expect(status).toBe(0);
    expect(stdout).toContain(`Example: ngx-fido2 ${name.split(' ')[0]}`);
    expect(stdout).toContain('--json');
  });
});

describe('invite', () => {
  test('prints user, url, code and expiry', async () => {
    const before = Date.now();
    const { user, url, code, expires, ...rest } = await json('invite', 'Ada', '--group', 'ops', '--group', 'admins');
    expect({ user, rest }).toEqual({ user: 'Ada', rest: {} });
    expect(Buffer.from(code, 'base64url').length).toBeGreaterThanOrEqual(16);
    expect(url).toBe(`http://localhost:8080/fido2/enrol#${code}`);
    expect(Math.abs(Date.parse(expires) - before - 86_400_000)).toBeLessThan(60_000);
    expect((await json('users', 'show', 'ada')).groups).toEqual(['admins', 'ops']);
  });

  test('adds groups to a user who is there', async () => {
    await on('invite', 'grace', '--group', 'one');
    await on('invite', 'GRACE', '--group', 'two');
    expect((await json('users', 'show', 'grace')).groups).toEqual(['one', 'two']);
  });

  test('refuses a disabled user and changes nothing', async () => {
    await on('invite', 'hopper');
    await on('users', 'disable', 'hopper');
    const { status, stderr } = await on('invite', 'hopper', '--group', 'late');
    expect(status).toBe(1);
    expect(stderr).toContain('hint: ngx-fido2 users enable hopper');
    expect(await json('users', 'show', 'hopper')).toMatchObject({ disabled: true, groups: [] });
  });

  test('keeps no code: what is stored cannot be redeemed', async () => {
    const { code } = await json('invite', 'linus');
    const { stdout } = await ngxFido2(['users', 'list', '--json', '--data', trial.data]);
    expect(stdout).not.toContain(code);
    expect(readFileSync(join(trial.data, 'store/audit.log'), 'utf8')).not.toContain(code);
  });
});

describe('somebody with a passkey', () => {
  const credential = {
    ...{ id: 'AAEC', publicKey: 'oA', algorithm: -7, signCount: 0, transports: [], backupEligible: false },
    ...{ backedUp: false, uvInitialized: true, aaguid: '', format: 'none', name: 'key', created: 0, lastUsed: null },
  };

  async function enrolled(name: string, id: string) {
    const ports = nodeIdentityPorts(join(trial.data, 'store'));
    const { value } = await createUser(ports, { name });
    await addCredential(ports, value.id, { ...credential, id });
    const keys = await deriveMacKeys(nodeSubtle, (await ensureMacRing(ports)).value);
    const login = { user: value.id, credential: id, userVerified: true, agent: 'test', address: '192.0.2.7' };
    const limits = { idle: 60_000, absolute: 3_600_000 };
    const session = () => startSession(ports.store, ports.random, keys, login, limits, ports.clock.now());
    return { ports, user: value.id, session };
  }

  test('is invited with --recover only, and that is audited', async () => {
    await enrolled('edsger', 'AAED');
    const refused = await on('invite', 'edsger', '--group', 'more');
    expect(refused.status).toBe(1);
    expect(refused.stderr).toMatch(/^error: [^\n]+\nhint: [^\n]*--recover/);
    expect(await json('users', 'show', 'edsger')).toMatchObject({ groups: [], keys: 1 });
    expect((await on('invite', 'edsger', '--recover')).status).toBe(0);
    const lines = readFileSync(join(trial.data, 'store/audit.log'), 'utf8').trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'invite_recover', name: 'edsger' });
  });

  test('has sessions that are listed and revoked, one or all', async () => {
    const { user, ports, session } = await enrolled('tony', 'AAEE');
    const [one, two] = [await session(), await session()];
    const { sessions } = await json('sessions', 'list', 'tony');
    expect(sessions.map(({ sid }: { sid: string }) => sid).sort()).toEqual([one.id, two.id].sort());
    expect(sessions[0]).toMatchObject({ user: 'tony', address: '192.0.2.7', agent: 'test' });
    expect(await json('sessions', 'revoke', 'tony', one.id)).toEqual({ revoked: [one.id] });
    expect((await on('sessions', 'revoke', 'tony', one.id)).status).toBe(1);
    expect(await json('sessions', 'revoke', '--all')).toEqual({ revoked: [two.id] });
    expect(await listSessions(ports.store, user)).toEqual([]);
  });

  test.each([
    ['users', 'disable', 'NAME'],
    ['users', 'remove', 'NAME', '--yes'],
    ['users', 'remove-key', 'NAME', 'KEY'],
  ])('loses every session by %s %s', async (...args) => {
    const [name, key] = [`user-${args[1]}`, Buffer.from(args[1] ?? '').toString('base64url')];
    const { user, ports, session } = await enrolled(name, key);
    await session();
    const line = args.map((word) => (word === 'NAME' ? name : word === 'KEY' ? key : word));
    expect(await json(...line)).toMatchObject({ user: name, sessions: 1 });
    expect(await listSessions(ports.store, user)).toEqual([]);
  });
});

describe.runIf(process.geteuid?.() === 0)('root', () => {
  /** Runs the command as another user: `setpriv` is part of every Linux. */
  const as = (uid: number, args: readonly string[]) => {
    const ids = [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups'];
    const command = [process.execPath, join(projectFolder, 'build/ngx-fido2'), ...args];
    return runProgram(['setpriv', ...ids, ...command]);
  };

  test('becomes the owner of the store, and whoever is neither is refused', async () => {
    const other = makeInstallation();
    const store = join(other.data, 'store');
    chmodSync(other.data, 0o755);
    chmodSync(join(other.data, 'fido2.json'), 0o644);
    chownSync(store, 4711, 4711);
    expect((await ngxFido2(['invite', 'ada', '--data', other.data])).status).toBe(0);
    const owners = readdirSync(store, { recursive: true, encoding: 'utf8' }).map((name) =>
      lstatSync(join(store, name)),
    );
    expect(owners.length).toBeGreaterThan(3);
    expect(owners.every(({ uid, gid }) => uid === 4711 && gid === 4711)).toBe(true);
    const refused = await as(4712, ['users', 'list', '--data', other.data]);
    expect({ status: refused.status, stdout: refused.stdout }).toEqual({ status: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^error: \S+ belongs to user 4711\nhint: run this as user 4711, or as root\n$/);
    other.remove();
  });
});

describe('users and groups', () => {
  test('remove asks for --yes where no terminal can be asked', async () => {
    await on('invite', 'mallory');
    expect((await on('users', 'remove', 'mallory')).status).toBe(2);
    expect((await on('users', 'remove', 'mallory', '--yes')).status).toBe(0);
    expect((await on('users', 'show', 'mallory')).status).toBe(1);
  });

  test('an unknown user is a failure whose name is printed safely', async () => {
    const { status, stderr } = await on('users', 'show', 'x\u001b[2J');
    expect(status).toBe(1);
    expect(stderr).toBe('error: there is no user "x\uFFFD[2J"\nhint: ngx-fido2 users list shows who there is\n');
  });

  test('a group is added, listed and removed, and the bound of its effect is told', async () => {
    await on('invite', 'ken');
    const { stdout } = await on('groups', 'add', 'ken', 'unix');
    expect(stdout).toContain('in force everywhere within 30s');
    expect((await json('groups', 'list')).groups).toContainEqual({ name: 'unix', users: ['ken'] });
    await on('groups', 'remove', 'ken', 'unix');
    expect((await json('users', 'show', 'ken')).groups).toEqual([]);
  });

  test('every change leaves one line of JSON in the audit log', async () => {
    await on('invite', 'barbara');
    await on('groups', 'add', 'barbara', 'clu');
    const lines = readFileSync(join(trial.data, 'store/audit.log'), 'utf8').trim().split('\n');
    const events = lines.map((line) => JSON.parse(line)).filter(({ name }) => name === 'barbara');
    expect(events.map(({ event }) => event)).toEqual(['invite', 'group_add']);
  });
});

describe('keys', () => {
  test('the first token key signs at once, the next one after its lead', async () => {
    await on('keys', 'rotate');
    await on('keys', 'rotate');
    const { signing } = await json('keys', 'list');
    expect(signing.map(({ state }: { state: string }) => state)).toEqual(['signs', 'published']);
    const { stdout } = await on('keys', 'list', '--json');
    expect(stdout).not.toMatch(/"d"|secret/);
  });

  test('rotating the cookie key keeps the old one, --now drops it', async () => {
    const first = await json('keys', 'rotate', '--mac');
    expect((await json('keys', 'list')).mac).toMatchObject([{ id: first.key, state: 'signs' }, { state: 'verifies' }]);
    const second = await json('keys', 'rotate', '--mac', '--now');
    expect((await json('keys', 'list')).mac).toMatchObject([{ id: second.key }]);
  });
});

describe('check', () => {
  test('tells what is wrong, where and what to do', async () => {
    const broken = makeInstallation({ rp: { origins: ['http://app.test'] }, more: 1 });
    const { status, stderr } = await ngxFido2(['check', '--data', broken.data]);
    broken.remove();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: \S+fido2\.json:4:7: rp\.origins\.0: expected an origin/);
    expect(stderr).toMatch(/\n {2}\S+fido2\.json:\d+:\d+: more: there is no such member\n/);
  });

  test('refuses a store that others can read', async () => {
    chmodSync(join(trial.data, 'store'), 0o755);
    const { status, stderr } = await on('check');
    chmodSync(join(trial.data, 'store'), 0o700);
    expect(status).toBe(1);
    expect(stderr).toContain('mode 0755');
  });
});

describe('token', () => {
  test('a text that is no token is refused by both', async () => {
    expect((await ngxFido2(['token', 'decode', 'nonsense'])).status).toBe(1);
    const { status, stdout } = await on('token', 'verify', 'nonsense', '--json');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ verified: false, code: 'token_invalid' });
  });

  test('a token of other keys is not verified', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = `${part({ alg: 'ES256', kid: 'x' })}.${part({ sub: 'u' })}.${Buffer.alloc(64).toString('base64url')}`;
    const decoded = await ngxFido2(['token', 'decode', '-', '--json'], { input: `Fido2-Identity: ${token}\n` });
    expect(JSON.parse(decoded.stdout)).toEqual({ header: { alg: 'ES256', kid: 'x' }, payload: { sub: 'u' } });
    expect(JSON.parse((await on('token', 'verify', token, '--json')).stdout)).toMatchObject({
      verified: false,
      detail: 'kid "x" is not published',
    });
  });
});
