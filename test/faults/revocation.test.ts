import { beforeAll, describe, expect, it } from 'vitest';
import { revokeSessions } from '../../src/identity/revocation.ts';
import { get, login, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type Hold, startHold } from './hold.ts';
import { deletesFirst, neverLooks, neverPolls, stopAfterEntry, stopBeforeBurial, stopBeforeEntry } from './points.ts';
import { type Site, siteWith, statuses } from './sites.ts';

/** Milliseconds: 2 s are promised, the rest is for a machine that is busy. An entry lives for 30 s. */
const soon = 6_000;

const hasNginx = await needs('nginx');
let upstream: Upstream;
let hold: Hold;

beforeAll(async () => {
  upstream = await startUpstream();
  hold = await startHold();
});

describe.runIf(hasNginx)('a fill against a revocation, on two workers', () => {
  let site: Site;

  beforeAll(async () => {
    site = await siteWith([stopBeforeEntry(hold), stopAfterEntry(hold), stopBeforeBurial(hold)], { upstream });
  });

  it.each(['before-entry', 'after-entry'])('leaves no entry when the session ends %s', async (point) => {
    const { nginx, passkey, ada } = site;
    const cookie = await login(nginx, passkey);
    hold.close(point);
    const filling = get(nginx, '/app/', { cookie });
    await hold.reached(point);
    expect((await post(nginx, '/fido2/logout', {}, { cookie })).status).toBe(204);
    hold.open(point);
    expect((await filling).json().code).toBe('session_expired');
    expect(await statuses(nginx, cookie)).toEqual([401]);
    expect(await statuses(nginx, ada.cookie)).toEqual([200]);
  });

  it('leaves no entry when the fill comes between the record and its burial', async () => {
    const { nginx, passkey } = site;
    const cookie = await login(nginx, passkey);
    hold.close('after-entry');
    const filling = get(nginx, '/app/', { cookie });
    await hold.reached('after-entry');
    hold.close('before-burial');
    const leaving = post(nginx, '/fido2/logout', {}, { cookie });
    await hold.reached('before-burial');
    hold.open('after-entry');
    await filling;
    hold.open('before-burial');
    expect((await leaving).status).toBe(204);
    expect(await statuses(nginx, cookie)).toEqual([401]);
  });

  it('reaches every worker within two seconds from the record alone', async () => {
    const { nginx, passkey, ada } = site;
    const cookie = await login(nginx, passkey);
    expect(await statuses(nginx, cookie)).toEqual([200]);
    const { sid } = (await get(nginx, '/fido2/session', { cookie })).json();
    const from = Date.now();
    await revokeSessions(nginx.ports.store, ada.userId, ({ id }) => id === sid, from);
    await waitFor(async () => (await statuses(nginx, cookie)).join() === '401', 'every worker to refuse');
    expect(Date.now() - from).toBeLessThan(soon);
    expect(await statuses(nginx, ada.cookie)).toEqual([200]);
  });

  it('is finished by another worker when the one that ends the session is killed', async () => {
    const { nginx, passkey } = site;
    const cookie = await login(nginx, passkey);
    expect(await statuses(nginx, cookie)).toEqual([200]);
    hold.close('before-burial');
    const leaving = post(nginx, '/fido2/logout', {}, { cookie }).catch((error: Error) => error.message);
    const [worker = 0] = await hold.reached('before-burial');
    const from = Date.now();
    await nginx.kill(worker);
    hold.open('before-burial');
    expect(await leaving).toBe('socket hang up');
    await waitFor(async () => (await statuses(nginx, cookie)).join() === '401', 'every worker to refuse');
    expect(Date.now() - from).toBeLessThan(soon);
  });

  it.each(['before-entry', 'after-entry'])('leaves nothing of a worker that is killed mid-fill, %s', async (point) => {
    const { nginx, passkey, ada } = site;
    const cookie = await login(nginx, passkey);
    hold.close(point);
    const filling = get(nginx, '/app/', { cookie }).catch(() => null);
    const [worker = 0] = await hold.reached(point);
    const { sid } = (await get(nginx, '/fido2/session', { cookie })).json();
    const from = Date.now();
    await revokeSessions(nginx.ports.store, ada.userId, ({ id }) => id === sid, from);
    await nginx.kill(worker);
    hold.open(point);
    await filling;
    await waitFor(async () => (await statuses(nginx, cookie)).join() === '401', 'every worker to refuse');
    expect(Date.now() - from).toBeLessThan(soon);
    expect(await statuses(nginx, ada.cookie)).toEqual([200]);
  });

  it('ends every cookie that a session had, also after several confirmations', async () => {
    const { nginx, passkey } = site;
    const cookies = [await login(nginx, passkey)];
    for (let i = 0; i < 3; i++) {
      const cookie = cookies[0] ?? '';
      expect(await statuses(nginx, cookies.at(-1) ?? '')).toEqual([200]);
      cookies.push(await login(nginx, passkey, { cookie: cookies.at(-1) ?? cookie, policy: 'user' }));
    }
    expect((await post(nginx, '/fido2/logout', {}, { cookie: cookies.at(-1) })).status).toBe(204);
    for (const cookie of cookies) expect(await statuses(nginx, cookie)).toEqual([401]);
  });
});

describe.runIf(hasNginx)('the same with the order reversed leaks, so the tests above can see it', () => {
  it('a fill that never looks for the tombstone', async () => {
    const { nginx, passkey } = await siteWith([stopBeforeEntry(hold), neverLooks, neverPolls], { upstream });
    const cookie = await login(nginx, passkey);
    hold.close('before-entry');
    const filling = get(nginx, '/app/', { cookie });
    await hold.reached('before-entry');
    await post(nginx, '/fido2/logout', {}, { cookie });
    hold.open('before-entry');
    await filling;
    expect(await statuses(nginx, cookie)).toEqual([200]);
  });

  it('a revocation that deletes before it puts the tombstone', async () => {
    const { nginx, passkey } = await siteWith([stopBeforeEntry(hold), ...deletesFirst(hold), neverPolls], { upstream });
    const cookie = await login(nginx, passkey);
    hold.close('before-entry');
    const filling = get(nginx, '/app/', { cookie });
    await hold.reached('before-entry');
    hold.close('between');
    const leaving = post(nginx, '/fido2/logout', {}, { cookie });
    await hold.reached('between');
    hold.open('before-entry');
    expect((await filling).status).toBe(200);
    hold.open('between');
    await leaving;
    expect(await statuses(nginx, cookie)).toEqual([200]);
  });

  it('a revocation that nobody polls for', async () => {
    const { nginx, passkey, ada } = await siteWith([neverPolls], { upstream });
    const cookie = await login(nginx, passkey);
    expect(await statuses(nginx, cookie)).toEqual([200]);
    const revoked = await revokeSessions(nginx.ports.store, ada.userId, () => true, Date.now());
    expect(revoked.length).toBe(2);
    expect(await statuses(nginx, cookie)).toEqual([200]);
  });
});
