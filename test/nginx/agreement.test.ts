import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readInForce } from '../../src/cli/apply/internal-listener.ts';
import type { Input } from '../../src/cli/command.ts';
import { explainCommand } from '../../src/cli/commands/explain.ts';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { readSettings } from '../../src/cli/settings-file.ts';
import { updateUser } from '../../src/identity/user.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { parseSettings } from '../../src/policy/settings.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { sessionOf } from '../helpers/session.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** Documents to try; a release tries many. */
const runs = Number(process.env.POLICY_DOCUMENTS ?? 30);

/** Milliseconds. */
const limit = 60_000 + runs * 10_000;

const policyNames = ['one', 'two'] as const;
const userNames = ['ada', 'bob'] as const;
const day = 86_400_000;
const dayName = (days: number): string => new Date(Date.now() + days * day).toUTCString().slice(0, 3);
const models = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'] as const;
const evil = 'https://evil.example';

// few names, so that people and policies meet
const some = <T>(...values: T[]) => fc.subarray(values, { minLength: 1 });
const groups = some('a', 'b', 'c');
const users = some(...userNames, 'eve');
const anyOf = { requiredKeys: [] };
const withEntries = (rules: object): boolean => Object.keys(rules).length > 0;
/** Few rules in a policy: of many, one always refuses. */
const rarely = <T>(rule: fc.Arbitrary<T>) =>
  fc.oneof({ withCrossShrink: true }, { weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: rule });
const policy = fc.record({
  deny: rarely(fc.record({ users, groups }, anyOf).filter(withEntries)),
  groups: rarely(fc.oneof(groups, fc.record({ any: groups, all: groups, none: groups }, anyOf).filter(withEntries))),
  users: rarely(users),
  methods: rarely(some('GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND')),
  networks: rarely(some('192.0.2.0/24', '10.0.0.0/8', '2001:db8::/32', '127.0.0.1/32')),
  times: rarely(some(`${dayName(0)} 00:00-24:00 Z`, `${dayName(3)} 00:00-24:00 +02:00`, 'Mon-Sun 08:00-16:00 -05:00')),
  sameSite: rarely(fc.boolean()),
  userVerification: rarely(fc.boolean()),
  maxAge: rarely(fc.constantFrom('1m', '10m', '1h')),
  authenticator: rarely(
    fc.record({ attested: fc.constant(true), aaguids: some(...models) }, anyOf).filter(withEntries),
  ),
});
const person = fc.record({
  groups: fc.subarray(['a', 'b', 'c']),
  authenticator: fc.record({ attested: fc.boolean(), aaguid: fc.constantFrom(...models) }),
});
const documents = fc.record({
  policies: fc.record({ one: policy, two: policy }),
  people: fc.record({ ada: person, bob: person }),
});
type Person = typeof person extends fc.Arbitrary<infer T> ? T : never;
const asked = fc.record({
  user: fc.constantFrom(...userNames),
  policy: fc.constantFrom(...policyNames),
  userVerified: fc.boolean(),
  /** Minutes since the confirmation. */
  age: fc.constantFrom(0, 5, 20),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'PROPFIND', 'DELETE'),
  address: fc.constantFrom('192.0.2.7', '10.1.1.1', '2001:db8::7', '203.0.113.9'),
  site: fc.constantFrom(null, null, 'same-origin', 'same-site', 'none', 'cross-site', 'elsewhere'),
  mode: fc.constantFrom(null, 'navigate', 'cors', 'no-cors'),
  origin: fc.constantFrom(null, null, 'ours', evil),
});
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

describe.runIf(await needs('nginx'))('explain, the evaluator and the gate', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  const enrolled: Partial<Record<string, Enrolment>> = {};
  let count = 0;

  beforeAll(async () => {
    upstream = await startUpstream();
    const locations = `set_real_ip_from 127.0.0.1; real_ip_header X-Test-Address;
      ${policyNames.map((name) => gatedLocation(`/${name}/`, name)).join('\n')}`;
    nginx = await startNginx({ upstream, locations, workers: 2, settings: { policies: { one: {}, two: {} } } });
    for (const user of userNames) {
      enrolled[user] = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user });
    }
  });

  const enrolmentOf = (user: string): Enrolment => {
    const found = enrolled[user];
    if (found === undefined) throw new Error(`${user} is not enrolled`);
    return found;
  };

  async function putInForce(
    policies: object,
    people: Readonly<Record<(typeof userNames)[number], Person>>,
  ): Promise<void> {
    for (const user of userNames) {
      const { groups: memberships, authenticator } = people[user];
      await updateUser(nginx.ports, enrolmentOf(user).userId, ({ credentials }) => ({
        groups: memberships,
        credentials: credentials.map((credential) => ({ ...credential, ...authenticator })),
      }));
    }
    count += 1;
    const document = JSON.stringify({
      // no two documents alike: a new one empties what the gate remembers
      rp: { name: `Test ${count}`, origins: [nginx.origin] },
      store: { path: nginx.data },
      policies: { user: {}, ...policies },
    });
    nginx.writeSettings(document);
    await nginx.reload();
    const digest = createHash('sha256').update(document).digest('base64url');
    const isInForce = async () => (await readInForce(join(nginx.folder, 'run/fido2.sock'))).digest === digest;
    await waitFor(isInForce, 'the new document', nginx.errorLog);
  }

  /** What the evaluator says at this moment of this document as it is on disk. */
  function evaluated({ user, policy: name, origin, ...ask }: Asked, who: Person, authTime: number) {
    const { settings } = parseSettings(readFileSync(join(nginx.folder, 'fido2.json'), 'utf8'));
    const rules = settings.policies.get(name);
    if (rules === undefined) throw new Error(`there is no policy ${name}`);
    const { userVerified, method, address, site, mode } = ask;
    const subject = { userId: enrolmentOf(user).userId, name: user, userVerified, authTime, ...who };
    return evaluate(subject, rules, Date.now(), { method, address, site, mode, foreignOrigin: origin === evil });
  }

  /** What `ngx-fido2 explain` answers. */
  async function explained({ user, policy: name, method, address, age, userVerified }: Asked): Promise<unknown> {
    const path = join(nginx.folder, 'fido2.json');
    const texts: Partial<Record<string, string>> = { user, policy: name, method, from: address };
    if (age > 0) texts.age = `${age}m`;
    const input: Input = {
      parameter: () => '',
      text: (option) => texts[option],
      flag: (option) => option === 'uv' && userVerified,
      list: () => [],
      json: true,
      settingsPath: () => path,
      open: () => {
        const { settings } = readSettings(path);
        const audit = () => {
          throw new Error('explain changes nothing');
        };
        return { path, settings, warnings: [], folder: nginx.data, ports: nginx.ports, subtle: nodeSubtle, audit };
      },
    };
    const { json } = (await explainCommand.run(input)) ?? {};
    return (json as { outcome?: unknown }).outcome;
  }

  async function answered({ policy: name, method, address, site, mode, origin }: Asked, cookie: string) {
    const before = upstream.arrived.length;
    const headers = {
      'X-Test-Address': address,
      ...(site !== null && { 'Sec-Fetch-Site': site }),
      ...(mode !== null && { 'Sec-Fetch-Mode': mode }),
      ...(origin !== null && { Origin: origin === 'ours' ? nginx.origin : origin }),
      Accept: 'application/json',
    };
    const { status } = await request(nginx, { method, path: `/${name}/x`, headers, cookie });
    return { status, arrived: upstream.arrived.length - before };
  }

  /** A browser that opens a page is led to the sign-in instead. */
  const statusOf = (outcome: 'allow' | 'deny' | 'step_up', mode: string | null): number =>
    ({ allow: 200, deny: 403, step_up: mode === 'navigate' ? 303 : 401 })[outcome];

  it(`decide alike in ${runs} random documents`, { timeout: limit + 30_000 }, async () => {
    const seen = { allow: 0, deny: 0, step_up: 0 };
    const requests = fc.array(asked, { minLength: 8, maxLength: 12 });
    const property = fc.asyncProperty(documents, requests, async ({ policies, people }, list) => {
      await putInForce(policies, people);
      for (const ask of list) {
        const age = ask.age * 60_000;
        const session = await sessionOf(nginx, enrolmentOf(ask.user), { age, userVerified: ask.userVerified });
        const authTime = Date.now() - age;
        const { outcome } = evaluated(ask, people[ask.user], authTime);
        // the second time from memory, where the decision may be remembered
        const answers = [await answered(ask, session.cookie), await answered(ask, session.cookie)];
        const isOwn = ask.site === null && ask.mode === null && ask.origin === null;
        const said = isOwn ? await explained(ask) : outcome;
        // a window of time may open or close meanwhile
        if (evaluated(ask, people[ask.user], authTime).outcome !== outcome) continue;
        seen[outcome] += 1;
        const expected = { status: statusOf(outcome, ask.mode), arrived: outcome === 'allow' ? 1 : 0 };
        const shown = JSON.stringify({ ask, who: people[ask.user], policy: policies[ask.policy] });
        expect({ explained: said, answers }, shown).toEqual({ explained: outcome, answers: [expected, expected] });
      }
    });
    // a disagreement is made smaller for as long as this lasts, and printed
    await fc.assert(property, { numRuns: runs, interruptAfterTimeLimit: limit, markInterruptAsFailure: true });
    for (const outcome of Object.values(seen)) expect(outcome).toBeGreaterThan(runs / 3);
  });
});
