import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { type Asked, evaluate, type Subject } from '../../src/policy/evaluate.ts';
import { explain } from '../../src/policy/explain.ts';
import { type Policy, policySchema, readsRequest, toPolicy } from '../../src/policy/rules.ts';

const now = 1_700_000_000_000;
const minute = 60_000;
const ana: Subject = {
  userId: 'u1',
  name: 'ana',
  groups: ['staff', 'admins'],
  userVerified: true,
  authTime: now - minute,
};
const model = 'cb69481e-8ff7-4039-93ec-0a2729a154a8';
const november = 'Tue 22:00-22:31 Z';
const written = (rules: object): Policy => toPolicy(v.parse(policySchema, { userVerification: false, ...rules }));
const open = written({});

describe('who', () => {
  test('a policy without rules admits everybody', () => {
    expect(evaluate({ ...ana, groups: [], userVerified: false, authTime: 0 }, open, now)).toEqual({
      outcome: 'allow',
      until: null,
      trace: [],
    });
  });

  test.each([
    ['any', ['admins', 'root'], 'allow'],
    ['any', ['root'], 'deny'],
    ['all', ['admins', 'staff'], 'allow'],
    ['all', ['admins', 'root'], 'deny'],
    ['none', ['root'], 'allow'],
    ['none', ['root', 'staff'], 'deny'],
    ['any', ['Admins'], 'deny'],
  ] as const)('groups.%s %j: %s', (rule, names, outcome) => {
    const decision = evaluate(ana, { ...open, groups: { ...open.groups, [rule]: names } }, now);
    expect(decision.outcome).toBe(outcome);
    if (decision.outcome === 'deny') expect(decision.rule).toBe(`groups.${rule}`);
  });

  test('users are named exactly', () => {
    expect(evaluate(ana, { ...open, users: ['eve', 'ana'] }, now).outcome).toBe('allow');
    expect(evaluate(ana, { ...open, users: ['Ana'] }, now)).toMatchObject({ outcome: 'deny', rule: 'users' });
  });

  test('a group that is denied wins over one that is admitted', () => {
    const policy = { ...open, groups: { none: ['staff'], all: [], any: ['admins'] } };
    expect(evaluate(ana, policy, now)).toMatchObject({ outcome: 'deny', rule: 'groups.none' });
  });
});

describe('who is denied', () => {
  test.each([
    ['users', ['ana']],
    ['groups', ['staff', 'x']],
  ] as const)('by deny.%s, whatever else holds', (rule, names) => {
    const policy = { ...open, deny: { ...open.deny, [rule]: names }, users: ['ana'], userVerification: true };
    const decision = evaluate({ ...ana, userVerified: false }, policy, now);
    expect(decision).toMatchObject({ outcome: 'deny', rule: `deny.${rule}` });
    expect(decision.trace).toHaveLength(1);
  });

  test('nobody else', () => {
    const policy = { ...open, deny: { users: ['eve'], groups: ['banned'] } };
    expect(evaluate(ana, policy, now).outcome).toBe('allow');
  });
});

describe('which requests', () => {
  const asked: Asked = { method: 'GET', address: '192.0.2.1', site: null, mode: null, foreignOrigin: false };
  const outcome = (rules: object, more: Partial<Asked>): string =>
    evaluate(ana, written(rules), now, { ...asked, ...more }).outcome;

  test.each([
    [['GET'], 'GET', 'allow'],
    [['GET'], 'HEAD', 'allow'],
    [['HEAD'], 'HEAD', 'allow'],
    [['HEAD'], 'GET', 'deny'],
    [['GET', 'POST'], 'POST', 'allow'],
    [['GET'], 'POST', 'deny'],
    [['GET'], 'get', 'deny'],
    [['GET'], '', 'deny'],
  ])('methods %j, %s: %s', (methods, method, expected) => {
    expect(outcome({ methods }, { method })).toBe(expected);
  });

  test.each([
    [['192.0.2.0/24'], '192.0.2.9', 'allow'],
    [['10.0.0.0/8', '2001:db8::/32'], '2001:db8::9', 'allow'],
    [['10.0.0.0/8'], '192.0.2.9', 'deny'],
    [['0.0.0.0/0', '::/0'], 'unix:', 'deny'],
  ])('networks %j, %s: %s', (networks, address, expected) => {
    expect(outcome({ networks }, { address })).toBe(expected);
  });

  test.each([
    [{ site: 'same-origin', mode: 'cors' }, 'allow'],
    [{ site: 'same-site', mode: 'cors' }, 'allow'],
    [{ site: 'none', mode: 'navigate' }, 'allow'],
    [{ site: 'cross-site', mode: 'navigate' }, 'allow'],
    [{ site: 'cross-site', mode: 'navigate', method: 'HEAD' }, 'allow'],
    [{ site: 'cross-site', mode: 'navigate', method: 'POST' }, 'deny'],
    [{ site: 'cross-site', mode: 'no-cors' }, 'deny'],
    [{ site: 'cross-site', mode: null }, 'deny'],
    [{ site: 'same-origin, cross-site', mode: 'navigate' }, 'deny'],
    [{ site: null }, 'allow'],
    [{ site: null, foreignOrigin: true }, 'deny'],
  ])('sameSite, %j: %s', (more, expected) => {
    expect(outcome({ sameSite: true }, more)).toBe(expected);
  });

  test.each([{ methods: ['GET'] }, { networks: ['0.0.0.0/0'] }, { sameSite: true }])(
    '%j does not hold where the request is not known, and says that it reads the request',
    (rules) => {
      const policy = written(rules);
      expect(evaluate(ana, policy, now).outcome).toBe('deny');
      expect(readsRequest(policy)).toBe(true);
      expect(explain(ana, 'p', evaluate(ana, policy, now)).at(-1)).toMatch(/^fails: .*unknown/);
    },
  );

  test('no other rule reads the request', () => {
    const rest = { deny: { users: ['eve'] }, groups: ['staff'], users: ['ana'], maxAge: '5m', times: [november] };
    expect(readsRequest(written({ ...rest, preflight: 'pass', userVerification: true }))).toBe(false);
  });

  test('times admit within a window, until it closes', () => {
    const policy = written({ times: ['Mon 00:00-01:00 Z', november] });
    // a Tuesday, 22:13:20
    expect(evaluate(ana, policy, now)).toMatchObject({ outcome: 'allow', until: now + 1_060_000 });
    expect(evaluate(ana, policy, now + 4_000_000)).toMatchObject({ outcome: 'deny', rule: 'times' });
    const brief = { ...policy, maxAge: 2 * minute };
    expect(evaluate(ana, brief, now)).toMatchObject({ outcome: 'allow', until: now + minute });
  });
});

describe('how', () => {
  test('without user verification it is a step-up', () => {
    const policy = { ...open, userVerification: true };
    expect(evaluate(ana, policy, now).outcome).toBe('allow');
    expect(evaluate({ ...ana, userVerified: false }, policy, now)).toMatchObject({
      outcome: 'step_up',
      reason: 'user_verification',
      maxAge: null,
    });
  });

  test('it holds until the age is reached, to the millisecond', () => {
    const policy = { ...open, maxAge: 5 * minute };
    const end = ana.authTime + 5 * minute;
    expect(evaluate(ana, policy, now)).toMatchObject({ outcome: 'allow', until: end });
    expect(evaluate(ana, policy, end - 1)).toMatchObject({ outcome: 'allow', until: end });
    expect(evaluate(ana, policy, end)).toMatchObject({ outcome: 'step_up', reason: 'max_age', maxAge: 5 * minute });
  });

  test('a clock that went back lengthens nothing', () => {
    const policy = { ...open, maxAge: 5 * minute };
    const skewed = { ...ana, authTime: now + 30_000 };
    expect(evaluate(skewed, policy, now)).toMatchObject({ outcome: 'allow', until: now + 5 * minute });
    expect(evaluate({ ...ana, authTime: now + 61_000 }, policy, now).outcome).toBe('step_up');
  });

  test('nobody is asked for a touch that cannot help', () => {
    const policy = { ...open, users: ['eve'], userVerification: true, maxAge: minute };
    expect(evaluate({ ...ana, userVerified: false, authTime: 0 }, policy, now).outcome).toBe('deny');
  });
});

describe('for every subject and policy', () => {
  const names = fc.subarray(['a', 'b', 'c', 'd']);
  const subjects: fc.Arbitrary<Subject> = fc.record({
    userId: fc.constant('u1'),
    name: fc.constantFrom('ana', 'eve'),
    groups: names,
    userVerified: fc.boolean(),
    authenticator: fc.constantFrom(null, { attested: true, aaguid: model }, { attested: false, aaguid: model }),
    authTime: fc.integer({ min: now - 10 * minute, max: now + 2 * minute }),
  });
  const policies: fc.Arbitrary<Policy> = fc.record({
    deny: fc.record({ users: fc.subarray(['eve']), groups: fc.subarray(['d']) }),
    methods: fc.constant(null),
    networks: fc.constant(null),
    times: fc.constant(null),
    sameSite: fc.constant(false),
    preflight: fc.constant('deny'),
    authenticator: fc.constantFrom(null, { aaguids: null }, { aaguids: [model] }),
    groups: fc.record({ none: names, all: names, any: names }),
    users: fc.option(fc.subarray(['ana', 'eve'], { minLength: 1 })),
    userVerification: fc.boolean(),
    maxAge: fc.option(fc.integer({ min: 1000, max: 10 * minute })),
  });
  const rank = { allow: 2, step_up: 1, deny: 0 } as const;

  test('a further restriction never admits more, nor for longer', () => {
    const restrictions: fc.Arbitrary<(policy: Policy) => Policy> = fc.oneof(
      names.map((more) => (p: Policy) => ({ ...p, groups: { ...p.groups, none: [...p.groups.none, ...more] } })),
      names.map((more) => (p: Policy) => ({ ...p, groups: { ...p.groups, all: [...p.groups.all, ...more] } })),
      names.map((keep) => (p: Policy) => {
        const any = p.groups.any.length === 0 ? keep : p.groups.any.filter((name) => keep.includes(name));
        return { ...p, groups: { ...p.groups, any: any.length === 0 ? ['nobody'] : any } };
      }),
      names.map((more) => (p: Policy) => ({ ...p, deny: { ...p.deny, groups: [...p.deny.groups, ...more] } })),
      fc.constant((p: Policy) => ({ ...p, methods: ['GET'] })),
      fc.constant((p: Policy) => ({ ...p, sameSite: true })),
      fc.constant((p: Policy) => ({ ...p, times: written({ times: [november] }).times })),
      fc.constant((p: Policy) => ({ ...p, users: (p.users ?? ['ana']).filter((name) => name === 'ana') })),
      fc.constant((p: Policy) => ({ ...p, userVerification: true })),
      fc.integer({ min: 1, max: 1000 }).map((age) => (p: Policy) => ({ ...p, maxAge: Math.min(p.maxAge ?? age, age) })),
    );
    fc.assert(
      fc.property(subjects, policies, restrictions, (subject, policy, restrict) => {
        const before = evaluate(subject, policy, now);
        const after = evaluate(subject, restrict(policy), now);
        expect(rank[after.outcome]).toBeLessThanOrEqual(rank[before.outcome]);
        if (before.outcome === 'allow' && after.outcome === 'allow') {
          expect(after.until ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(before.until ?? Number.POSITIVE_INFINITY);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('until is the moment from which it is no longer allowed', () => {
    fc.assert(
      fc.property(subjects, policies, (subject, policy) => {
        const past = { ...subject, authTime: Math.min(subject.authTime, now) };
        const decision = evaluate(past, policy, now);
        if (decision.outcome !== 'allow' || decision.until === null) return;
        expect(evaluate(past, policy, decision.until - 1).outcome).toBe('allow');
        expect(evaluate(past, policy, decision.until).outcome).toBe('step_up');
      }),
    );
  });

  test('only the last rule of a trace fails, and none where it is allowed', () => {
    fc.assert(
      fc.property(subjects, policies, (subject, policy) => {
        const { outcome, trace } = evaluate(subject, policy, now);
        const failing = trace.map(({ held }, index) => (held ? -1 : index)).filter((index) => index >= 0);
        expect(failing).toEqual(outcome === 'allow' ? [] : [trace.length - 1]);
        const lines = explain(subject, 'p', { ...evaluate(subject, policy, now) });
        expect(lines).toHaveLength(trace.length + 1);
        expect(lines.filter((line) => line.startsWith('fails: '))).toHaveLength(failing.length);
      }),
    );
  });
});

describe('the passkey', () => {
  const key = { attested: true, aaguid: model };
  const other = '00000000-0000-0000-0000-000000000001';

  test.each([
    ['attested', { attested: true }, key, null],
    ['attested, of any model', { attested: true }, { attested: true, aaguid: other }, null],
    ['not attested', { attested: true }, { attested: false, aaguid: model }, 'authenticator.attested'],
    ['not known', { attested: true }, null, 'authenticator.attested'],
    ['of the model', { aaguids: [other, model] }, key, null],
    ['of another', { aaguids: [other] }, key, 'authenticator.aaguids'],
    [
      'of the model by its own word',
      { aaguids: [model] },
      { attested: false, aaguid: model },
      'authenticator.attested',
    ],
  ])('%s', (_, authenticator, found, rule) => {
    const decision = evaluate({ ...ana, authenticator: found }, written({ authenticator }), now);
    expect(decision.outcome === 'deny' ? decision.rule : null).toBe(rule);
  });

  test('one that cannot be mended by a touch is refused before anybody is asked for one', () => {
    const policy = written({ authenticator: { attested: true }, maxAge: '1m' });
    expect(evaluate({ ...ana, authTime: 0, authenticator: null }, policy, now).outcome).toBe('deny');
  });

  test('explain says what is missing', () => {
    const policy = written({ authenticator: { aaguids: [other] } });
    expect(explain(ana, 'p', evaluate({ ...ana, authenticator: key }, policy, now)).slice(1)).toEqual([
      'holds: a certificate attests who made the passkey’s authenticator',
      `fails: its model ${model} is not among ${other}`,
    ]);
  });
});

test('explain says it in words', () => {
  const policy: Policy = {
    ...open,
    groups: { none: ['banned'], all: ['staff'], any: ['admins', 'root'] },
    users: ['ana'],
    userVerification: true,
    maxAge: 5 * minute,
  };
  expect(explain(ana, 'admin', evaluate(ana, policy, now))).toEqual([
    'ana is admitted by policy admin',
    'holds: in none of banned',
    'holds: in all of staff',
    'holds: in admins',
    'holds: named as ana',
    'holds: the passkey checked who holds it',
    'holds: confirmed 1m ago, the limit is 5m',
  ]);
  const eve = { ...ana, name: 'eve', groups: ['staff'] };
  expect(explain(eve, 'admin', evaluate(eve, policy, now)).slice(-1)).toEqual([
    'fails: needs one of the groups admins, root',
  ]);
  const late = { ...ana, authTime: now - 12 * minute };
  expect(explain(late, 'admin', evaluate(late, policy, now))[0]).toBe(
    'ana has to confirm with a passkey again for policy admin',
  );
});
