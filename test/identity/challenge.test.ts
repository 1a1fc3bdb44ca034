import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/bytes.ts';
import { nodeRandom, nodeSubtle } from '../../src/cli/runtime.ts';
import {
  type Challenge,
  type ChallengeContext,
  challengeId,
  makeChallenge,
  openChallenge,
} from '../../src/identity/challenge.ts';
import { deriveMacKeys, type MacKeys } from '../../src/identity/mac-keys.ts';
import { macRing } from './mac-ring.ts';

const now = 1_800_000_000_000;
const login: Challenge = { purpose: 'login', subject: '', expires: now + 300_000 };
const ring = macRing(2);
let keys: MacKeys;
let context: ChallengeContext;

beforeAll(async () => {
  keys = await deriveMacKeys(nodeSubtle, ring);
  context = { keys, origin: 'https://a.example', bootId: 'boot' };
});

const make = (challenge: Challenge, given = context): Promise<Uint8Array> =>
  makeChallenge(given, nodeRandom, challenge);

describe('a challenge', () => {
  test.each(['enrol', 'add', 'login', 'step_up', 'add_conditional'] as const)(
    'for %s comes back as it was made',
    async (purpose) => {
      const challenge: Challenge = { purpose, subject: 'user.session', expires: now + 300_000 };
      expect(await openChallenge(context, await make(challenge), now)).toEqual(challenge);
    },
  );

  test('never twice the same', async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 50; i++) ids.add(challengeId(await make(login)));
    expect(ids.size).toBe(50);
  });

  test('ends at its time, to the second', async () => {
    const bytes = await make(login);
    await expect(openChallenge(context, bytes, login.expires - 1)).resolves.toMatchObject({ purpose: 'login' });
    await expect(openChallenge(context, bytes, login.expires)).rejects.toMatchObject({ code: 'challenge_expired' });
  });

  test.each([
    ['another origin', { origin: 'https://b.example' }],
    ['an earlier start of nginx', { bootId: 'another' }],
  ])('of %s is not ours', async (_, change) => {
    const bytes = await make(login, { ...context, ...change });
    await expect(openChallenge(context, bytes, now)).rejects.toMatchObject({ code: 'challenge_invalid' });
  });

  test('of the key before the last rotation still holds, of an older one not', async () => {
    const older = await deriveMacKeys(nodeSubtle, { ...ring, keys: [...ring.keys].reverse() });
    const bytes = await make(login, { ...context, keys: older });
    await expect(openChallenge(context, bytes, now)).resolves.toEqual(login);
    const gone = await deriveMacKeys(nodeSubtle, macRing(1));
    await expect(openChallenge({ ...context, keys: gone }, bytes, now)).rejects.toMatchObject({
      code: 'challenge_invalid',
    });
  });

  test('with any byte changed is refused', async () => {
    const bytes = await make({ ...login, purpose: 'enrol', subject: toBase64url(nodeRandom.bytes(32)) });
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i] = (changed[i] ?? 0) ^ 1;
      await expect(openChallenge(context, changed, now), `byte ${i}`).rejects.toMatchObject({
        code: 'challenge_invalid',
      });
    }
  });

  test('made of arbitrary bytes is refused with a code', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), async (bytes) => {
        await expect(openChallenge(context, bytes, now)).rejects.toMatchObject({ code: 'challenge_invalid' });
      }),
    );
  });
});
