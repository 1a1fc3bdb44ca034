import { beforeAll, describe, expect, it } from 'vitest';
import { parseGroups } from '../../src/identity/group.ts';
import { createUser } from '../../src/identity/user.ts';
import { userKey } from '../../src/store/keys.ts';
import type { RecordValue } from '../../src/store/store.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, loginAnswer, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { sendRaw } from './raw-request.ts';
import { reached } from './reached.ts';

const split = 'a\r\nX-Evil: 1\r\n\r\n<script>alert(1)</script>';

const locations = `location /named/ {
  auth_request /fido2/authorize/user;
  include fido2/upstream.conf;
  include fido2/user.conf;
  proxy_set_header X-User $fido2_user;
  proxy_set_header X-Groups $fido2_groups;
  add_header X-User $fido2_user always;
  add_header X-Groups $fido2_groups always;
  proxy_pass http://app$fido2_deny;
}`;

const hasNginx = await needs('nginx');

describe.runIf(hasNginx)('case 26: response splitting', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, locations, settings: { identity: { refresh: '1s' } } });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada' });
  });

  it.each([
    split,
    '/x\r\nX-Evil: 1',
    '/x%0d%0aX-Evil:%201',
    '/%0aX-Evil:1',
    '/\u560d\u560aX-Evil: 1',
    '/x\u0085X-Evil: 1',
  ])('case 26: return_to %j', async (returnTo) => {
    const encoded = encodeURIComponent(returnTo);
    for (const target of [
      `/fido2/login?return_to=${encoded}`,
      `/fido2/login?return_to=${returnTo}`,
      `/app/${encoded}`,
    ]) {
      for (const cookie of [undefined, ada.cookie]) {
        const lines = ['Sec-Fetch-Mode: navigate', 'Accept: text/html'];
        const bytes = Buffer.from(target.replaceAll(/[\r\n]/g, ''), 'utf8').toString('latin1');
        const { headers, text } = await sendRaw(nginx, { target: bytes, lines, cookie });
        expect(headers.map(([name]) => name)).not.toContain('x-evil');
        expect(text).not.toContain('<script>alert(1)');
      }
    }
    const answer = await loginAnswer(nginx, passkey, { returnTo });
    expect(Object.keys(answer.headers)).not.toContain('x-evil');
  });

  it('case 26: names and groups that would split are not taken', async () => {
    await expect(createUser(nginx.ports, { name: split })).rejects.toMatchObject({ code: 'malformed' });
    await expect(createUser(nginx.ports, { name: 'bob', displayName: split })).rejects.toMatchObject({
      code: 'malformed',
    });
    expect(() => parseGroups([split])).toThrow();
    expect(() => parseGroups(['a,admins'])).toThrow();
    const renamed = { id: ada.credentialId, name: split };
    expect((await post(nginx, '/fido2/account/rename', renamed, { cookie: ada.cookie })).status).toBe(400);
  });

  it('case 26: a record that holds them all the same splits no header and no page', async () => {
    const mallory = new Authenticator({ origin: nginx.origin });
    const { cookie, userId } = await enrol(nginx, mallory, { user: 'mallory' });
    const stored = await nginx.ports.store.get(userKey(userId));
    if (stored === null) throw new Error('no record');
    const value: RecordValue = { ...stored.value, name: split, displayName: split, groups: [split, 'staff'] };
    expect(await nginx.ports.store.putIf(userKey(userId), value, stored.version)).not.toBeNull();
    const fresh = await login(nginx, mallory);
    for (const path of [
      '/named/',
      '/fido2/session',
      '/fido2/account',
      '/fido2/account/state',
      '/fido2/login?step_up=1',
      '/admin/',
    ]) {
      const lines = ['Sec-Fetch-Mode: navigate', 'Accept: text/html'];
      const { result, arrived } = await reached(upstream, () => sendRaw(nginx, { target: path, lines, cookie: fresh }));
      expect(result.headers.map(([name]) => name)).not.toContain('x-evil');
      if (result.header('content-type')?.startsWith('text/html')) expect(result.text).not.toContain('<script>alert(1)');
      for (const one of arrived) {
        expect(one.header('x-evil')).toBeUndefined();
        const { payload } = await verifyIdentity(nginx, one.header('fido2-identity'));
        expect([payload.sub, payload.preferred_username]).toEqual([userId, split]);
        expect([one.header('x-user'), one.header('x-groups')]).toEqual([undefined, 'staff']);
      }
      expect(arrived.length).toBe(path === '/named/' ? 1 : 0);
    }
    expect(cookie).not.toBe(fresh);
  });
});

describe.runIf(hasNginx).each(['reused', 'fresh'] as const)(
  'case 27: requests side by side, contexts %s',
  (contexts) => {
    it('case 27: each gets its own identity, session and refusal', async () => {
      const upstream = await startUpstream();
      const nginx = await startNginx({ upstream, contexts });
      const people: Enrolment[] = [];
      for (const user of ['ada', 'bob', 'carol']) {
        people.push(await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user, groups: [`of-${user}`] }));
      }
      // an upgrade is decided anew each time, so every request goes through the session engine
      const upgrade = { Connection: 'upgrade', Upgrade: 'websocket', Origin: nginx.origin };
      const forged = `${(people[0]?.cookie ?? '').slice(0, -4)}AAAA`;
      // a fresh context reads keys and settings for each request
      const rounds = contexts === 'fresh' ? 8 : 40;
      for (let i = 0; i < rounds; i++) {
        const work: Promise<void>[] = [];
        for (const { user, cookie, userId } of people) {
          work.push(
            get(nginx, `/app/${user}/${i}`, { cookie, headers: upgrade }).then(({ status }) =>
              expect(status).toBe(200),
            ),
            get(nginx, '/fido2/session', { cookie }).then((answer) => {
              expect(answer.json()).toMatchObject({ user, sub: userId, groups: [`of-${user}`] });
            }),
          );
        }
        const headers = { Accept: 'application/json' };
        work.push(
          get(nginx, '/app/nobody', { cookie: forged, headers }).then((answer) => expect(answer.status).toBe(401)),
          get(nginx, '/admin/nobody', { cookie: people[1]?.cookie, headers }).then((answer) => {
            expect(answer.json().code).toBe('not_allowed');
          }),
          get(nginx, '/fido2/session').then((answer) => expect(answer.json().code).toBe('session_required')),
        );
        await Promise.all(work);
      }
      expect(upstream.arrived.length).toBe(3 * rounds);
      for (const one of upstream.arrived) {
        const { payload } = await verifyIdentity(nginx, one.header('fido2-identity'));
        expect(one.url.split('/')[2]).toBe(payload.preferred_username);
      }
    });
  },
);
