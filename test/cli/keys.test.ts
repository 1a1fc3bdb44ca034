import { readFileSync } from 'node:fs';
import { join } from 'node:path';
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

describe('token keys', () => {
  test('that are not there yet are a failure with a hint', async () => {
    for (const args of [['jwks'], ['keys', 'revoke', '--current']]) {
      const { status, stderr } = await on(...args);
      expect([args, status]).toEqual([args, 1]);
      expect(stderr).toContain('first start');
    }
  });

  test('revoke takes a key out of the set, at once and for good, and says so to the audit', async () => {
    await on('keys', 'rotate');
    await on('keys', 'rotate');
    const { keys } = await json('jwks');
    const current = (await json('keys', 'list')).signing.find((key: { state: string }) => key.state === 'signs').kid;
    expect(keys).toContainEqual(expect.objectContaining({ kid: current, alg: 'ES256', use: 'sig' }));
    expect(JSON.stringify(keys)).not.toContain('"d"');
    const { revoked, signs } = await json('keys', 'revoke', '--current');
    expect(revoked).toEqual([current]);
    expect((await json('jwks')).keys.map(({ kid }: { kid: string }) => kid)).not.toContain(current);
    expect((await json('keys', 'list')).signing).toContainEqual(
      expect.objectContaining({ kid: signs, state: 'signs', publishedUntil: expect.any(String) }),
    );
    expect(readFileSync(join(trial.data, 'store/audit.log'), 'utf8')).toContain('keys_revoke');
    expect((await on('keys', 'revoke', current)).status).toBe(1);
    expect((await json('keys', 'revoke', '--all')).revoked).toContain(signs);
    expect((await json('jwks')).keys).toHaveLength(1);
  });
});
