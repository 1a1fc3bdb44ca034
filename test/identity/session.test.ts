import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { deriveMacKeys, type MacKeys } from '../../src/identity/mac-keys.ts';
import {
  cookiesOf,
  forgetRevocation,
  listRevocations,
  revokeSession,
  revokeSessions,
} from '../../src/identity/revocation.ts';
import {
  cookieOf,
  endOf,
  forgetEndedSessions,
  listSessions,
  openCookie,
  overlap,
  readSession,
  type Session,
  startSession,
  stepUpSession,
  touchSession,
} from '../../src/identity/session.ts';
import { macRing } from './mac-ring.ts';
import { type TestPorts, testPorts } from './ports.ts';

const user = 'AAAAAAAAAAAAAAAAAAAAAA';
const limits = { idle: 1_800_000, absolute: 43_200_000 };
const login = { user, credential: 'key', userVerified: true, agent: 'browser', address: '192.0.2.1' };
const now = 1_800_000_000_000;
let ports: TestPorts;
let keys: MacKeys;

beforeEach(async () => {
  ports = testPorts();
  keys = await deriveMacKeys(nodeSubtle, macRing(2));
});

const start = (): Promise<Session> => startSession(ports.store, ports.random, keys, login, limits, now);

async function stored(session: Session) {
  const found = await readSession(ports.store, session.user, session.id);
  if (found === null) throw new Error('no session');
  return found;
}

describe('the cookie', () => {
  test('is what the gate takes, says who and when, and holds no name', async () => {
    const session = await start();
    const cookie = await cookieOf(keys, session, session.authentication);
    expect(cookie).toMatch(/^[A-Za-z0-9_.-]{60,200}$/);
    expect(await openCookie(keys, cookie)).toEqual({
      user,
      session: session.id,
      authentication: { time: now / 1000, userVerified: true, sequence: 0, key: keys.current },
    });
  });

  test('is a function of the record', async () => {
    const session = await start();
    const { value } = await stored(session);
    expect(await cookieOf(keys, value, value.authentication)).toBe(
      await cookieOf(keys, session, session.authentication),
    );
  });

  test('with any character changed is nobody’s', async () => {
    const session = await start();
    const cookie = await cookieOf(keys, session, session.authentication);
    for (let i = 0; i < cookie.length; i++) {
      const changed = cookie.slice(0, i) + (cookie[i] === 'A' ? 'B' : 'A') + cookie.slice(i + 1);
      expect(await openCookie(keys, changed), `character ${i}`).toBeNull();
    }
  });

  test('of another ring is nobody’s', async () => {
    const session = await start();
    const cookie = await cookieOf(keys, session, session.authentication);
    expect(await openCookie(await deriveMacKeys(nodeSubtle, macRing(2)), cookie)).toBeNull();
  });

  test('made of arbitrary text is nobody’s', async () => {
    const form = fc.stringMatching(/^[A-Za-z0-9_.-]{0,200}$/);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ maxLength: 300 }), form), async (text) => {
        expect(await openCookie(keys, text)).toBeNull();
      }),
    );
  });
});

describe('the end of a session', () => {
  test('is the earlier of idle and absolute', async () => {
    const session = await start();
    expect(endOf(session, session.authentication, limits, now)).toBe(now + limits.idle);
    const late = { ...session, lastSeen: now + limits.absolute - 1000 };
    expect(endOf(late, session.authentication, limits, now + limits.absolute - 1000)).toBe(now + limits.absolute);
  });

  test('has come when idle or absolute time is over', async () => {
    const session = await start();
    expect(endOf(session, session.authentication, limits, now + limits.idle)).toBeNull();
    const busy = { ...session, lastSeen: now + limits.absolute };
    expect(endOf(busy, session.authentication, limits, now + limits.absolute)).toBeNull();
  });

  test('is never later for a clock that jumped back, nor for settings that grew', async () => {
    const session = await start();
    const seenAhead = { ...session, lastSeen: now + 10 * limits.absolute };
    expect(endOf(seenAhead, session.authentication, limits, now)).toBe(session.expires);
    const longer = { idle: 10 * limits.absolute, absolute: 10 * limits.absolute };
    expect(endOf(session, session.authentication, longer, now)).toBe(session.expires);
  });
});

describe('a step-up', () => {
  test('makes a new cookie; the old one keeps its old authentication for a minute', async () => {
    const session = await start();
    const later = now + 600_000;
    const next = await stepUpSession(ports.store, keys, await stored(session), login, later);
    if (next === null) throw new Error('no step-up');
    expect(next.authentication).toMatchObject({ sequence: 1, time: later / 1000 });
    expect(endOf(next, next.authentication, limits, later)).toBe(later + limits.idle);
    expect(endOf(next, session.authentication, limits, later)).toBe(later + overlap);
    expect(endOf(next, session.authentication, limits, later + overlap)).toBeNull();
    const again = await stepUpSession(ports.store, keys, await stored(next), login, later + 1000);
    if (again === null) throw new Error('no step-up');
    expect(endOf(again, session.authentication, limits, later + 1000)).toBe(later + overlap);
    expect(endOf(again, next.authentication, limits, later + 1000)).toBe(later + 1000 + overlap);
  });

  test('of a session that ended or changed meanwhile is refused', async () => {
    const session = await start();
    const before = await stored(session);
    expect(await stepUpSession(ports.store, keys, before, login, now)).not.toBeNull();
    expect(await stepUpSession(ports.store, keys, before, login, now)).toBeNull();
    const current = await stored(session);
    await revokeSession(ports.store, user, session.id, now);
    expect(await stepUpSession(ports.store, keys, current, login, now)).toBeNull();
  });

  test('never lengthens the absolute end', async () => {
    const session = await start();
    const next = await stepUpSession(ports.store, keys, await stored(session), login, now + 1_000_000);
    expect(next?.expires).toBe(session.expires);
  });
});

test('sessions that ended by themselves are forgotten, others stay', async () => {
  const old = await start();
  const later = now + limits.idle;
  const young = await startSession(ports.store, ports.random, keys, login, limits, later);
  await forgetEndedSessions(ports.store, user, limits, later - 1);
  expect(await listSessions(ports.store, user)).toHaveLength(2);
  await forgetEndedSessions(ports.store, user, limits, later);
  expect((await listSessions(ports.store, user)).map(({ id }) => id)).toEqual([young.id]);
  expect(await readSession(ports.store, user, old.id)).toBeNull();
});

describe('use', () => {
  test('is noted once in a while', async () => {
    const session = await start();
    expect(await touchSession(ports.store, await stored(session), 30_000, now + 29_999)).toBe(true);
    expect((await stored(session)).value.lastSeen).toBe(now);
    expect(await touchSession(ports.store, await stored(session), 30_000, now + 30_000)).toBe(true);
    expect((await stored(session)).value.lastSeen).toBe(now + 30_000);
  });

  test('of a session that ended meanwhile is not', async () => {
    const session = await start();
    const before = await stored(session);
    await revokeSession(ports.store, user, session.id, now);
    expect(await touchSession(ports.store, before, 30_000, now + 60_000)).toBe(false);
    expect(await readSession(ports.store, user, session.id)).toBeNull();
  });
});

describe('a revocation', () => {
  test('knows every cookie of a session that stepped up again and again', async () => {
    let current = await start();
    const cookies = [await cookieOf(keys, current, current.authentication)];
    for (let i = 1; i <= 3; i++) {
      const next = await stepUpSession(ports.store, keys, await stored(current), login, now + 100_000 * i);
      if (next === null) throw new Error('no step-up');
      current = next;
      cookies.push(await cookieOf(keys, current, current.authentication));
    }
    const revocation = await revokeSession(ports.store, user, current.id, now + 300_000);
    if (revocation === null) throw new Error('no revocation');
    expect((await cookiesOf(keys, revocation)).sort()).toEqual(cookies.sort());
  });

  test('is kept small: who confirms without end has to begin a new session', async () => {
    const session = await start();
    let count = 0;
    while (count < 100 && (await stepUpSession(ports.store, keys, await stored(session), login, now)) !== null) count++;
    expect(count).toBe(32);
    const later = now + overlap + 300_000;
    const next = await stepUpSession(ports.store, keys, await stored(session), login, later);
    expect(next?.superseded.length).toBe(1);
  });

  test('knows both cookies of a session that stepped up', async () => {
    const session = await start();
    const first = await cookieOf(keys, session, session.authentication);
    const next = await stepUpSession(ports.store, keys, await stored(session), login, now + 1000);
    if (next === null) throw new Error('no step-up');
    const second = await cookieOf(keys, next, next.authentication);
    const revocation = await revokeSession(ports.store, user, session.id, now + 2000);
    if (revocation === null) throw new Error('no revocation');
    expect((await cookiesOf(keys, revocation)).sort()).toEqual([first, second].sort());
    expect(await listRevocations(ports.store)).toEqual([revocation]);
    expect(await readSession(ports.store, user, session.id)).toBeNull();
  });

  test('knows the cookie of a step-up that came between its look and its record', async () => {
    const session = await start();
    let stepped: Session | null = null;
    const store = {
      ...ports.store,
      deleteIf: async (key: string, version: string) => {
        if (stepped === null && key.startsWith('sessions/')) {
          stepped = await stepUpSession(ports.store, keys, await stored(session), login, now + 1000);
        }
        return ports.store.deleteIf(key, version);
      },
    };
    const revocation = await revokeSession(store, user, session.id, now + 2000);
    expect(stepped).not.toBeNull();
    expect(revocation?.authentications.map(({ sequence }) => sequence)).toEqual([1, 0]);
  });

  test('that was cut off before the session went is finished before it is forgotten', async () => {
    const session = await start();
    const killed = { ...ports.store, deleteIf: () => Promise.reject(new Error('killed')) };
    await expect(revokeSession(killed, user, session.id, now)).rejects.toThrow('killed');
    for (const revocation of await listRevocations(ports.store)) await forgetRevocation(ports.store, revocation);
    expect(await readSession(ports.store, user, session.id)).toBeNull();
    expect(await listRevocations(ports.store)).toEqual([]);
  });

  test('of a session that is gone is null', async () => {
    expect(await revokeSession(ports.store, user, 'BBBBBBBBBBBBBBBBBBBBBB', now)).toBeNull();
    expect(await listRevocations(ports.store)).toEqual([]);
  });

  test('ends the sessions that are named and no others', async () => {
    const [first, second] = [await start(), await start()];
    const ended = await revokeSessions(ports.store, user, ({ id }) => id === first.id, now);
    expect(ended.map(({ session }) => session)).toEqual([first.id]);
    expect((await listSessions(ports.store, user)).map(({ id }) => id)).toEqual([second.id]);
  });
});
