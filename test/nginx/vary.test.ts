import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Policy } from '../../src/policy/rules.ts';
import { parseSettings } from '../../src/policy/settings.ts';
import { siteWith } from '../faults/sites.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { cookieName, type Enrolment, enrol, get, login, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const day = 86_400_000;
const wholeDay = (time: number): string => `${new Date(time).toUTCString().slice(0, 3)} 00:00-24:00 Z`;
const days = [-1, 0, 1].map((ahead) => wholeDay(Date.now() + ahead * day));

/** Every rule that reads more than user and policy, alone and with each other; `times` is open, and `closed` is not. */
const rules = { methods: ['GET'], networks: ['192.0.2.0/24'], sameSite: true, times: days };
const names = Object.keys(rules) as (keyof typeof rules)[];
const policies: Record<string, object> = {
  user: {},
  ...Object.fromEntries(
    [1, 2, 4, 8, 3, 5, 6, 15].map((bits) => {
      const chosen = names.filter((_, index) => (bits >> index) % 2 === 1);
      return [chosen.join('-').toLowerCase(), Object.fromEntries(chosen.map((name) => [name, rules[name]]))];
    }),
  ),
  closed: { methods: ['GET'], times: [wholeDay(Date.now() + 3 * day)] },
  passes: { preflight: 'pass' },
};

interface Sent {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A request of each kind of everything that may be read. */
function requests(origin: string): Sent[] {
  const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade' };
  const every = (...choices: Record<string, string>[][]): Record<string, string>[] =>
    choices.reduce<Record<string, string>[]>(
      (all, next) => all.flatMap((one) => next.map((two) => ({ ...one, ...two }))),
      [{}],
    );
  const headers = every(
    [{ 'X-Test-Address': '192.0.2.7' }, { 'X-Test-Address': '198.51.100.1' }],
    [{}, { 'Sec-Fetch-Site': 'same-origin' }, { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    [
      {},
      { Origin: 'https://evil.example' },
      { ...upgrade, Origin: origin },
      { ...upgrade, Origin: 'https://evil.example' },
    ],
  );
  return ['GET', 'POST'].flatMap((method) => headers.map((each) => ({ method, headers: each })));
}

const hasNginx = await needs('nginx');

describe.runIf(hasNginx).each(['njs', 'qjs'] as const)('what a decision reads, gate on %s', (engine) => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    upstream = await startUpstream();
    const all = Object.keys(policies).filter((name) => name !== 'user');
    const locations = `
      set_real_ip_from 127.0.0.1;
      real_ip_header X-Test-Address;
      ${all.map((name) => gatedLocation(`/${name}/`, name)).join('\n')}`;
    // what is filled would stay for longer than the test takes
    const identity = { ttl: '300s', refresh: '270s' };
    nginx = await startNginx({ engine, upstream, locations, settings: { policies, identity } });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada' });
  });

  /** By the evaluator, for this request alone. */
  function isAdmitted(policy: Policy, { method, headers }: Sent): boolean {
    const origin = headers.Origin ?? null;
    if (headers.Upgrade !== undefined && origin !== nginx.origin) return false;
    const subject = { userId: ada.userId, name: 'ada', groups: [], userVerified: true, authTime: Date.now() };
    const asked = {
      method,
      address: headers['X-Test-Address'] ?? '127.0.0.1',
      site: headers['Sec-Fetch-Site'] ?? null,
      mode: headers['Sec-Fetch-Mode'] ?? null,
      foreignOrigin: origin !== null && origin !== nginx.origin,
    };
    return evaluate(subject, policy, Date.now(), asked).outcome === 'allow';
  }

  it('is asked anew for every request: no answer is another one’s, whatever came before it', async () => {
    const { settings } = parseSettings(JSON.stringify({ rp: { origins: [nginx.origin] }, policies }));
    const cookie = await login(nginx, passkey);
    const wrong: unknown[] = [];
    const counts = { admitted: 0, refused: 0 };
    for (const [name, policy] of settings.policies) {
      const path = name === 'user' ? '/app/' : `/${name}/`;
      const all = requests(nginx.origin);
      // forth and back: whatever may be remembered of one has a request of every other kind after it
      for (const sent of [...all, ...all.toReversed()]) {
        const before = upstream.arrived.length;
        const { status } = await request(nginx, { ...sent, path, cookie });
        const arrived = upstream.arrived.length - before;
        const admitted = isAdmitted(policy, sent);
        counts[admitted ? 'admitted' : 'refused'] += 1;
        if (status !== (admitted ? 200 : 403) || arrived !== (admitted ? 1 : 0))
          wrong.push({ name, sent, status, arrived });
      }
    }
    expect(wrong).toEqual([]);
    expect(Math.min(counts.admitted, counts.refused)).toBeGreaterThan(200);
  });

  it('is not to be had by a preflight: it fills nothing and names nobody, with a cookie that is none too', async () => {
    const preflight = { Origin: 'https://spa.example', 'Access-Control-Request-Method': 'PUT' };
    const cookie = await login(nginx, passkey);
    const forged = `${cookie.slice(0, -4)}AAAA`;
    const ask = (Cookie: string, method = 'OPTIONS') =>
      request(nginx, { method, path: '/passes/', headers: { ...preflight, Cookie } });
    for (const Cookie of ['', `${cookieName}=short`, `${cookieName}=${forged}; ${cookieName}=${cookie}`]) {
      expect([Cookie, (await ask(Cookie)).status]).toEqual([Cookie, 200]);
      expect(upstream.last().header('fido2-identity')).toBeUndefined();
      expect(upstream.last().header('cookie') ?? '').not.toContain(cookieName);
      expect([Cookie, (await ask(Cookie, 'GET')).status]).toEqual([Cookie, 401]);
    }
    // a cookie of the right form is judged as in any other request
    expect((await ask(`${cookieName}=${forged}`)).status).toBe(401);
    expect((await ask(`${cookieName}=${cookie}`)).status).toBe(200);
    expect(upstream.last().header('fido2-identity')).toBeDefined();
    expect((await ask(`${cookieName}=${forged}`, 'GET')).status).toBe(401);
  });
});

describe.runIf(hasNginx)('a time window', () => {
  it('ends what was remembered within it, to the second', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-window-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const offset = join(folder, 'offset');
    writeFileSync(offset, '0');
    const clock = {
      file: 'src/nginx/runtime.ts',
      find: 'now: () => Date.now() }',
      replace: `now: () => Date.now() + Number(fs.readFileSync(${JSON.stringify(offset)}, 'utf8')) }`,
    };
    const now = Date.now();
    const { nginx, passkey } = await siteWith([clock], {
      upstream: await startUpstream(),
      locations: gatedLocation('/today/', 'today'),
      settings: {
        policies: { user: {}, today: { times: [wholeDay(now)] } },
        identity: { ttl: '300s', refresh: '270s' },
      },
    });
    // four seconds before midnight
    const closes = (Math.floor(now / day) + 1) * day;
    writeFileSync(offset, String(closes - 4_000 - Date.now()));
    const cookie = await login(nginx, passkey);
    const statusOf = async (path: string) => (await get(nginx, path, { cookie })).status;
    expect([await statusOf('/today/'), await statusOf('/app/')]).toEqual([200, 200]);
    await expect.poll(() => statusOf('/today/'), { timeout: 20_000, interval: 100 }).toBe(403);
    const shift = Number(readFileSync(offset, 'utf8'));
    expect(Date.now() + shift - closes).toBeGreaterThanOrEqual(0);
    expect(await statusOf('/app/')).toBe(200);
  });
});
