import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeIdentityPorts } from '../../src/cli/installation.ts';
import type { Credential } from '../../src/identity/credential.ts';
import { addCredential, createUser, updateUser } from '../../src/identity/user.ts';
import { buildCommand, makeInstallation, ngxFido2, type Trial } from '../helpers/command.ts';

let trial: Trial;

beforeAll(async () => {
  await buildCommand();
  trial = makeInstallation({
    policies: {
      user: {},
      admin: { groups: ['admins'], deny: { users: ['eve'] }, maxAge: '5m' },
      vault: { authenticator: { aaguids: ['00000000-0000-0000-0000-000000000001'] } },
      office: { groups: { any: ['staff', 'admins'], none: ['guests'] }, networks: ['10.0.0.0/8'], methods: ['GET'] },
    },
  });
  const ports = nodeIdentityPorts(join(trial.data, 'store'));
  const soon = { groups: ['admins'], groupEnds: [{ group: 'admins', at: Date.now() + 3_600_000 }] };
  const { value: temp } = await createUser(ports, { name: 'temp', groups: [] });
  await updateUser(ports, temp.id, () => soon);
  const { value: past } = await createUser(ports, { name: 'past', groups: [] });
  await updateUser(ports, past.id, () => ({ groups: ['admins'], groupEnds: [{ group: 'admins', at: 1 }] }));
  for (const [name, groups] of [
    ['ada', ['admins']],
    ['bob', []],
    ['eve', ['admins']],
    ['gone', ['admins']],
  ] as const) {
    const { value: user } = await createUser(ports, { name, groups: [...groups] });
    if (name === 'ada') {
      await addCredential(ports, user.id, passkey('Phone', false));
      await addCredential(ports, user.id, passkey('Key', true));
    }
    if (name === 'gone') await updateUser(ports, user.id, () => ({ disabled: true }));
  }
});
afterAll(() => trial.remove());

function passkey(name: string, attested: boolean): Credential {
  const id = Buffer.from(name).toString('base64url');
  const told = { aaguid: '00000000-0000-0000-0000-000000000001', format: 'packed', attested, name };
  const counts = { signCount: 0, created: 0, lastUsed: null, transports: [] };
  const flags = { backupEligible: false, backedUp: false, uvInitialized: true };
  return { id, publicKey: '', algorithm: -7, ...told, ...counts, ...flags };
}

const explain = (...args: string[]) => ngxFido2(['explain', ...args, '--data', trial.data]);

/** The text of fido2.json from the place that the answer names. */
function textAt(place: { line: number; column: number }): string {
  const line = readFileSync(join(trial.data, 'fido2.json'), 'utf8').split('\n')[place.line - 1] ?? '';
  return line.slice(place.column - 1);
}

test.each([
  [['--user', 'ada', '--policy', 'user'], 'allow', null, '{'],
  [['--user', 'ada', '--policy', 'admin'], 'allow', null, '"5m"'],
  [['--user', 'bob', '--policy', 'admin'], 'deny', 'groups.any', '['],
  [['--user', 'eve', '--policy', 'admin'], 'deny', 'deny.users', '['],
  [['--user', 'ada', '--policy', 'admin', '--age', '10m'], 'step_up', 'maxAge', '"5m"'],
  [['--user', 'ada', '--policy', 'admin', '--no-uv'], 'step_up', 'userVerification', '{'],
  [['--user', 'ada', '--policy', 'vault'], 'allow', null, '{'],
  [['--user', 'ada', '--policy', 'vault', '--passkey', 'Phone'], 'deny', 'authenticator.attested', '{'],
  [['--user', 'bob', '--policy', 'vault'], 'deny', 'authenticator.attested', '{'],
  [['--user', 'ada', '--policy', 'office', '--from', '10.1.2.3'], 'allow', null, '{'],
  [['--user', 'ada', '--policy', 'office', '--from', '192.0.2.1'], 'deny', 'networks', '['],
  [['--user', 'ada', '--policy', 'office', '--from', '10.1.2.3', '--method', 'POST'], 'deny', 'methods', '['],
])('%j', async (args, outcome, rule, text) => {
  const { status, stdout } = await explain(...args, '--json');
  const answer = JSON.parse(stdout);
  expect(answer).toMatchObject({ outcome, rule });
  expect(status).toBe(outcome === 'allow' ? 0 : 1);
  expect(textAt(answer.trace.at(-1)).startsWith(text)).toBe(true);
});

test('in words: the outcome, each rule with its place, and what was assumed', async () => {
  const { stdout } = await explain('--user', 'bob', '--policy', 'admin');
  const path = join(trial.data, 'fido2.json');
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toBe('bob is refused by policy admin');
  expect(lines.at(-2)).toMatch(/^fails: needs one of the groups admins \(\S+:\d+:\d+\)$/);
  expect(lines.at(-2)).toContain(path);
  expect(lines.at(-1)).toBe('assumed: confirmed just now with user verification, a GET request of the site itself');
});

test('memberships count until they end, and their end is told', async () => {
  const temp = JSON.parse((await explain('--user', 'temp', '--policy', 'admin', '--json')).stdout);
  expect(temp).toMatchObject({ outcome: 'allow', ends: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) });
  const past = JSON.parse((await explain('--user', 'past', '--policy', 'admin', '--json')).stdout);
  expect(past).toMatchObject({ outcome: 'deny', rule: 'groups.any', ends: null });
});

test('a disabled user is refused, whatever the policy says', async () => {
  const { status, stdout } = await explain('--user', 'gone', '--policy', 'admin', '--json');
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'deny', rule: 'disabled' });
});

test.each([
  [['--user', 'ada'], 2, '--policy is missing'],
  [['--policy', 'user'], 2, '--user is missing'],
  [['--user', 'ada', '--policy', 'nope'], 1, 'there is no policy "nope"'],
  [['--user', 'nobody', '--policy', 'user'], 1, 'there is no user "nobody"'],
  [['--user', 'ada', '--policy', 'office'], 2, 'asks for client networks'],
  [['--user', 'ada', '--policy', 'office', '--from', '10.0.0.0/8'], 2, 'is no address'],
  [['--user', 'ada', '--policy', 'user', '--age', 'old'], 2, 'is no duration'],
])('%j is refused', async (args, expected, message) => {
  const { status, stderr } = await explain(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(expected);
});
