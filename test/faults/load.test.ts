import { beforeAll, describe, expect, it } from 'vitest';
import { findUserByName } from '../../src/identity/user.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, login } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { statuses } from './sites.ts';

describe.runIf(await needs('nginx'))('under load, on two workers', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, workers: 2 });
    passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
    await enrol(nginx, passkey, { user: 'ada' });
  });

  it('a flood of forged cookies leaves who is signed in untouched, and nothing behind', async () => {
    const cookie = await login(nginx, passkey);
    const [key = '', ...rest] = cookie.split('.');
    const tag = rest.pop() ?? '';
    const forged = (i: number) => [key, ...rest, i.toString().padStart(tag.length, 'A')].join('.');
    const refused = new Set<number>();
    let next = 0;
    const flood = async () => {
      while (next < 4_000) refused.add((await get(nginx, '/app/', { cookie: forged(next++) })).status);
    };
    const answers = new Set<number>();
    let asked = 0;
    const upgrade = { Connection: 'upgrade', Upgrade: 'websocket', Origin: nginx.origin };
    const work = async () => {
      while (next < 4_000) {
        // from memory, then from the session engine
        answers.add((await get(nginx, '/app/', { cookie })).status);
        answers.add((await get(nginx, '/app/', { cookie, headers: upgrade })).status);
        asked += 2;
      }
    };
    await Promise.all([...Array.from({ length: 32 }, flood), work(), work()]);
    expect([...answers]).toEqual([200]);
    expect(asked).toBeGreaterThan(20);
    expect([...refused]).toEqual([401]);
    expect(upstream.arrived.every((one) => one.header('fido2-identity') !== undefined)).toBe(true);
  });

  it('workers killed again and again lose no credential and no session that was acknowledged', async () => {
    const acknowledged: { user: string; authenticator: Authenticator; cookie: string; credentialId: string }[] = [];
    let isOver = false;
    let enrolments = 0;
    const enrolling = async (line: number) => {
      for (let i = 0; !isOver; i++) {
        const user = `user-${line}-${i}`;
        const authenticator = new Authenticator({ origin: nginx.origin });
        try {
          enrolments++;
          const { cookie, credentialId } = await enrol(nginx, authenticator, { user });
          acknowledged.push({ user, authenticator, cookie, credentialId });
        } catch (error) {
          // a worker that was killed answers nothing; whoever has no answer was promised nothing
          expect((error as NodeJS.ErrnoException).code).toMatch(/^(ECONNRESET|ECONNREFUSED)$/);
        }
      }
    };
    const lines = [0, 1, 2].map(enrolling);
    for (let i = 0; i < 6; i++) {
      const before = acknowledged.length;
      while (acknowledged.length < before + 3) await new Promise((resolve) => setTimeout(resolve, 5));
      await nginx.kill(nginx.workers()[i % 2] ?? 0);
    }
    isOver = true;
    await Promise.all(lines);
    await nginx.restart();
    expect(acknowledged.length).toBeGreaterThanOrEqual(18);
    expect(acknowledged.length).toBeLessThan(enrolments);
    for (const { user, authenticator, cookie, credentialId } of acknowledged) {
      const found = await findUserByName(nginx.ports, user);
      expect(found?.value.credentials.map(({ id }) => id)).toEqual([credentialId]);
      expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
      expect(await statuses(nginx, await login(nginx, authenticator))).toEqual([200]);
    }
  });
});
