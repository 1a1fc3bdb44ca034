import { beforeAll, describe, expect, it } from 'vitest';
import { listSessions } from '../../src/identity/session.ts';
import { findUser } from '../../src/identity/user.ts';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Answer, cookieFrom, enrol, get, invite, login, loginAnswer, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { type Hold, startHold } from './hold.ts';
import { claimsNothing, stopBeforeClaim, stopBeforeStepUp } from './points.ts';
import { type Site, siteWith, statuses } from './sites.ts';

const hasNginx = await needs('nginx');
let upstream: Upstream;
let hold: Hold;

beforeAll(async () => {
  upstream = await startUpstream();
  hold = await startHold();
});

/** Sends until both workers stand at the point, then lets all go on at once. */
async function onBothWorkers(point: string, send: () => Promise<Answer>): Promise<Answer[]> {
  hold.close(point);
  const sent: Promise<Answer>[] = [];
  while (hold.waiting(point).length < 2 && sent.length < 40) {
    sent.push(send(), send());
    await hold.reached(point);
    // Longer each time: on a busy machine one worker may take everything for a while.
    await new Promise((resolve) => setTimeout(resolve, 10 * sent.length));
  }
  expect(hold.waiting(point).length).toBe(2);
  hold.open(point);
  return Promise.all(sent);
}

function countOf(answers: readonly Answer[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}

async function optionsOf({ nginx }: Site): Promise<RequestOptionsJSON> {
  return (await post(nginx, '/fido2/assertion/options', {})).json<RequestOptionsJSON>();
}

describe.runIf(hasNginx)('at the same moment, on two workers', () => {
  let site: Site;

  beforeAll(async () => {
    const patches = [stopBeforeClaim(hold, 'login'), stopBeforeClaim(hold, 'register'), stopBeforeStepUp(hold)];
    site = await siteWith(patches, { upstream });
  });

  it('one challenge answered again and again is one login', async () => {
    const { nginx, passkey, ada } = site;
    const before = (await listSessions(nginx.ports.store, ada.userId)).length;
    const response = passkey.get(await optionsOf(site));
    const answers = await onBothWorkers('before-claim', () => post(nginx, '/fido2/assertion/result', response));
    expect(countOf(answers, 200)).toBe(1);
    expect(countOf(answers, 401)).toBe(answers.length - 1);
    expect((await listSessions(nginx.ports.store, ada.userId)).length).toBe(before + 1);
    const refused = nginx.audit().filter(({ code }) => code === 'challenge_used');
    expect(refused.length).toBe(answers.length - 1);
  });

  it('one invite used by several is one credential', async () => {
    const { nginx } = site;
    const { code, userId } = await invite(nginx, { user: 'bob' });
    const answers = await onBothWorkers('before-claim', async () => {
      const options = await post(nginx, '/fido2/attestation/options', { invite: code });
      // Whoever asks after the first has enrolled is told so already here.
      if (options.status === 410) return options;
      const response = new Authenticator({ origin: nginx.origin }).create(options.json<CreationOptionsJSON>());
      return post(nginx, '/fido2/attestation/result', response);
    });
    expect(countOf(answers, 201)).toBe(1);
    expect(countOf(answers, 410)).toBe(answers.length - 1);
    const [enrolled] = answers.filter(({ status }) => status === 201);
    const credentials = (await findUser(nginx.ports, userId))?.value.credentials ?? [];
    expect(credentials.map(({ id }) => id)).toEqual([enrolled?.json().credentialId]);
  });

  it('one count of a key that counts is one login', async () => {
    const { nginx } = site;
    const counting = new Authenticator({ origin: nginx.origin, counterStep: 1 });
    await enrol(nginx, counting, { user: 'carol' });
    const signCount = 17;
    const answers = await onBothWorkers('before-claim', () => loginAnswer(nginx, counting, { tamper: { signCount } }));
    expect(countOf(answers, 200)).toBe(1);
    expect(countOf(answers, 401)).toBe(answers.length - 1);
  });

  it('ten tabs sign in, and each cookie holds', async () => {
    const { nginx, passkey } = site;
    const options = await Promise.all(Array.from({ length: 10 }, () => optionsOf(site)));
    const answers = await Promise.all(options.map((each) => post(nginx, '/fido2/assertion/result', passkey.get(each))));
    const held = await Promise.all(answers.map((answer) => statuses(nginx, cookieFrom(answer))));
    expect(held).toEqual(answers.map(() => [200]));
  });

  it('several tabs confirm, each cookie holds, and one session is all that there is', async () => {
    const { nginx, passkey, ada } = site;
    const cookie = await login(nginx, passkey);
    const { sid } = (await get(nginx, '/fido2/session', { cookie })).json();
    const before = (await listSessions(nginx.ports.store, ada.userId)).length;
    const answers = await onBothWorkers('before-step-up', () =>
      loginAnswer(nginx, passkey, { cookie, policy: 'user' }),
    );
    expect(countOf(answers, 200)).toBe(answers.length);
    expect((await listSessions(nginx.ports.store, ada.userId)).length).toBe(before);
    const cookies = answers.map(cookieFrom);
    for (const each of cookies) {
      expect((await get(nginx, '/fido2/session', { cookie: each })).json().sid).toBe(sid);
      expect((await get(nginx, '/app/', { cookie: each })).status).toBe(200);
    }
    expect((await post(nginx, '/fido2/logout', {}, { cookie: cookies[0] })).status).toBe(204);
    for (const each of [cookie, ...cookies]) expect((await get(nginx, '/app/', { cookie: each })).status).toBe(401);
  });
});

describe.runIf(hasNginx)('without the claim', () => {
  it('one challenge would be several logins, so the test above can see it', async () => {
    const site = await siteWith([stopBeforeClaim(hold, 'login'), claimsNothing], { upstream });
    const response = site.passkey.get(await optionsOf(site));
    const answers = await onBothWorkers('before-claim', () => post(site.nginx, '/fido2/assertion/result', response));
    expect(countOf(answers, 200)).toBeGreaterThan(1);
  });
});
