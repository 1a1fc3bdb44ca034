import { describe, expect, test } from 'vitest';
import { Fido2Error } from '../../src/errors.ts';
import type { Finding } from '../../src/policy/document.ts';
import { relatedOrigins } from '../../src/policy/related-origins.ts';
import { formatFinding, parseSettings, SettingsError } from '../../src/policy/settings.ts';

type Json = Record<string, unknown>;
const minimal: Json = { rp: { origins: ['https://app.example.com'] }, policies: { user: {} } };
const text = (more: Json = {}): string => JSON.stringify({ ...minimal, ...more });

function findings(document: string): readonly Finding[] {
  try {
    parseSettings(document);
  } catch (error) {
    if (error instanceof SettingsError) return error.findings;
    throw error;
  }
  return [];
}
const refused = (more: Json): string[] => findings(text(more)).map(({ path }) => path);
const warned = (more: Json): string[] => parseSettings(text(more)).warnings.map(({ path }) => path);

test('what is not written has its default', () => {
  const { settings, warnings } = parseSettings(text());
  expect(settings).toEqual({
    rp: {
      id: 'app.example.com',
      name: 'app.example.com',
      origins: ['https://app.example.com'],
      apps: [],
      topOrigins: [],
    },
    session: { idle: 1_800_000, absolute: 43_200_000 },
    identity: {
      issuer: 'https://app.example.com',
      audience: 'https://app.example.com',
      ttl: 120_000,
      refresh: 30_000,
      profile: 'assertion',
      trustDomain: 'app.example.com',
      bind: [],
    },
    keys: { publish: 3_600_000, rotate: 86_400_000, retire: 3_600_000 },
    store: { type: 'file', path: '.' },
    crypto: 'auto',
    passkeys: {
      signCount: 'refuse',
      algorithms: [-7, -8, -257],
      attestation: 'none',
      formats: ['none', 'packed', 'tpm', 'android-key', 'apple', 'fido-u2f', 'compound'],
      anchors: [],
      aaguids: { allow: null, deny: [] },
      backupEligible: 'any',
      u2fAaguid: 'zero',
      compound: 'all',
      androidKeys: 'any',
      extensions: { enforceCredProtect: false, minPinLength: false },
      metadata: {
        refuse: [
          'REVOKED',
          'USER_VERIFICATION_BYPASS',
          'ATTESTATION_KEY_COMPROMISE',
          'USER_KEY_REMOTE_COMPROMISE',
          'USER_KEY_PHYSICAL_COMPROMISE',
        ],
        certification: null,
        unknown: 'accept',
      },
      conditionalCreate: false,
      unsolicitedExtensions: 'ignore',
    },
    policies: new Map([
      [
        'user',
        {
          deny: { users: [], groups: [] },
          groups: { none: [], all: [], any: [] },
          users: null,
          methods: null,
          networks: null,
          times: null,
          sameSite: false,
          preflight: 'deny',
          authenticator: null,
          userVerification: true,
          maxAge: null,
        },
      ],
    ]),
    workloads: new Map(),
    audit: { ceremonies: false },
    cors: { origins: [] },
    pages: { name: 'app.example.com', help: null, logo: null, accent: null, languages: ['en'], reasonsFor: [] },
  });
  expect(warnings).toEqual([]);
});

test('defaults follow what is written', () => {
  const { settings } = parseSettings(
    text({
      $schema: './fido2.schema.json',
      rp: { name: 'Shop', origins: ['http://localhost:8080'] },
      identity: { issuer: 'https://id.example.com/fido2' },
    }),
  );
  expect(settings.rp.id).toBe('localhost');
  expect(settings.identity.audience).toBe('https://id.example.com/fido2');
  expect(settings.pages.name).toBe('Shop');
});

test('a policy in full', () => {
  const groups = { any: ['a', 'b'], all: ['c'], none: ['d'] };
  const { policies } = parseSettings(
    text({
      policies: {
        p: {
          deny: { users: ['eve'], groups: ['x'] },
          authenticator: { attested: true },
          methods: ['GET'],
          networks: ['10.0.0.0/8'],
          times: ['Mon-Fri 08:00-18:00 +01:00'],
          sameSite: true,
          preflight: 'pass',
          groups,
          users: ['ana'],
          userVerification: false,
          maxAge: '5m',
          words: 'Not yours.',
          contact: 'it@x',
        },
        q: { groups: ['a'] },
      },
    }),
  ).settings;
  expect(policies.get('p')).toEqual({
    authenticator: { aaguids: null },
    deny: { users: ['eve'], groups: ['x'] },
    methods: ['GET'],
    networks: [expect.objectContaining({ text: '10.0.0.0/8' })],
    times: [expect.objectContaining({ text: 'Mon-Fri 08:00-18:00 +01:00' })],
    sameSite: true,
    preflight: 'pass',
    groups,
    users: ['ana'],
    userVerification: false,
    maxAge: 300_000,
    words: 'Not yours.',
    contact: 'it@x',
  });
  expect(policies.get('q')?.groups).toEqual({ any: ['a'], all: [], none: [] });
});

describe('places', () => {
  test('a finding has its line, its column and the dotted path', () => {
    const document =
      '{\n  "rp": { "origins": ["https://app.example.com",\n    "http://app.test"] },\n  "policies": {}\n}';
    const [finding] = findings(document);
    expect(finding).toMatchObject({ path: 'rp.origins.1', line: 3, column: 5 });
    expect(finding?.hint).not.toBe('');
    expect(finding && formatFinding(finding)).toMatch(/^3:5: rp\.origins\.1: /);
  });

  test('everything that is wrong is told at once, on one line, as unfit', () => {
    const document = text({ crypto: 'none', session: { idle: 'long' }, colour: 'red' });
    expect(
      findings(document)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['colour', 'crypto', 'session.idle']);
    expect(() => parseSettings(document)).toThrow(Fido2Error);
    expect(() => parseSettings(document)).toThrow(expect.objectContaining({ code: 'unfit' }));
    expect(() => parseSettings(document)).not.toThrow(/\n/);
  });

  test.each([
    ['', 1, 1],
    ['{"rp": {},}', 1, 11],
    ['{\n// words\n}', 2, 1],
    ['{"rp"', 1, 6],
    ['[]', 1, 1],
    ['null', 1, 1],
    ['{} {}', 1, 4],
    ['{"rp": "a\nb"}', 1, 10],
    ["{'rp': 1}", 1, 2],
  ])('%j is no document', (document, line, column) => {
    expect(findings(document)[0]).toMatchObject({ path: '', line, column });
  });

  test('a byte order mark is no mistake', () => {
    expect(findings(`\ufeff${text()}`)).toEqual([]);
  });
});

describe('names', () => {
  test('a member that stands twice is refused: readers differ in which one they take', () => {
    const document = '{"rp":{"origins":["https://a.test"]},"policies":{"p":{"groups":["a"]},"p":{}}}';
    expect(findings(document)).toMatchObject([{ path: 'policies.p', column: 71 }]);
    expect(findings('{"rp":{"origins":["https://a.test"],"id":"a.test","\\u0069d":"b"},"policies":{}}')).toMatchObject([
      { path: 'rp.id' },
    ]);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('%s is reserved everywhere', (name) => {
    const document = `{"rp":{"origins":["https://a.test"]},"policies":{"${name}":{}}}`;
    expect(findings(document)).toMatchObject([{ path: `policies.${name}` }]);
    expect(parseSettings(text()).settings.policies.get(name)).toBeUndefined();
  });

  test.each(['A', 'a.b', 'a/b', '1a', '-a', '', 'a b', 'ä', 'a\n', 'x'.repeat(65)])(
    '%j names neither a policy nor a workload',
    (name) => {
      expect(refused({ policies: { [name]: {} } })).toEqual([`policies.${name}`]);
      expect(refused({ workloads: { [name]: { audience: 'x' } } })).toEqual([`workloads.${name}`]);
    },
  );

  test.each([
    [{ colour: 1 }, 'colour'],
    [{ rp: { origins: ['https://a.test'], icon: '' } }, 'rp.icon'],
    [{ session: { idel: '5m' } }, 'session.idel'],
    [{ policies: { p: { group: ['a'] } } }, 'policies.p.group'],
    [{ policies: { p: { groups: { some: ['a'] } } } }, 'policies.p.groups'],
    [{ workloads: { w: { audience: 'x', port: 1 } } }, 'workloads.w.port'],
  ])('unknown member: %j', (more, path) => {
    expect(refused(more)).toContain(path);
  });
});

describe('the relying party', () => {
  test.each([
    'http://app.example.com',
    'https://app.example.com/',
    'https://app.example.com/x',
    'https://App.example.com',
    'https://app.example.com:443',
    'https://app.example.com:0',
    'https://app.example.com:65536',
    'https://app.example.com:99999',
    'https://*.example.com',
    'https://user@app.example.com',
    'https://app.example.com.',
    'https://-a.example.com',
    'https://127.0.0.1',
    'https://[::1]',
    'http://localhost:80',
    'http://localhost.example.com',
    'http://localhostx',
    'ftp://localhost',
    'localhost',
    'null',
    '',
  ])('%j is no origin', (origin) => {
    expect(refused({ rp: { origins: [origin] } })).toContain('rp.origins.0');
  });

  test.each([
    'https://a',
    'https://xn--bcher-kva.example',
    'https://a.b.c.d:8443',
    'http://localhost',
    'http://localhost:1',
  ])('%s is an origin', (origin) => {
    expect(refused({ rp: { origins: [origin] } })).toEqual([]);
  });

  test('every origin is within rp.id', () => {
    const origins = ['https://app.example.com', 'https://shop.example.com'];
    expect(refused({ rp: { origins } })).toEqual(['rp.origins.1']);
    expect(refused({ rp: { origins, id: 'example.com' } })).toEqual([]);
    expect(refused({ rp: { origins: ['https://badexample.com'], id: 'example.com' } })).toEqual(['rp.origins.0']);
    expect(refused({ rp: { origins: ['https://example.com'], id: 'app.example.com' } })).toEqual(['rp.origins.0']);
    expect(refused({ rp: { origins: ['https://a.com'], id: 'com' } })).toEqual(['rp.id']);
  });

  test('an origin of another domain is a related one, where rp.id is written and the site itself is there', () => {
    const origins = ['https://app.example.com', 'https://example.net', 'https://notexample.com:8443'];
    expect(refused({ rp: { origins } })).toEqual(['rp.origins.1', 'rp.origins.2']);
    expect(refused({ rp: { origins: origins.slice(1), id: 'example.com' } })).toEqual(['rp.origins.0', 'rp.origins.1']);
    expect(refused({ rp: { origins: [...origins, 'http://localhost'], id: 'example.com' } })).toEqual(['rp.origins.3']);
    const rp = { origins, id: 'example.com' };
    expect(warned({ rp })).toEqual(['rp.origins.1', 'rp.origins.2', 'rp.id']);
    expect(relatedOrigins(parseSettings(text({ rp })).settings.rp)).toEqual(origins.slice(1));
  });

  const hash = Buffer.alloc(32, 1).toString('base64url');

  test('apps stand among the origins and are no website', () => {
    const apps = [`android:apk-key-hash:${hash}`, 'ios:bundle-id:com.example.app'];
    const { rp, identity } = parseSettings(text({ rp: { origins: [...apps, 'https://a.test'] } })).settings;
    expect(rp).toMatchObject({ id: 'a.test', origins: ['https://a.test'], apps });
    expect(identity.issuer).toBe('https://a.test');
    expect(refused({ rp: { origins: apps } })).toEqual(['rp.origins']);
    expect(refused({ rp: { origins: ['https://a.test', ...apps, apps[0]] } })).toEqual(['rp.origins.3']);
  });

  test.each([
    'android:apk-key-hash:',
    `android:apk-key-hash:${hash}=`,
    `android:apk-key-hash:${hash.slice(0, -1)}`,
    `android:apk-key-hash:${hash.slice(0, -1)}B`,
    `Android:apk-key-hash:${hash}`,
    'ios:bundle-id:',
    'ios:bundle-id:com example',
    'ios:bundle-id:a/b',
  ])('%j is no app', (origin) => {
    expect(refused({ rp: { origins: ['https://a.test', origin] } })).toEqual(['rp.origins.1']);
  });

  test('the page around a frame is a website', () => {
    const topOrigins = ['https://partner.example'];
    const rp = { origins: ['https://a.test'], topOrigins };
    expect(parseSettings(text({ rp })).settings.rp.topOrigins).toEqual(topOrigins);
    for (const bad of ['https://b.test:443', 'https://b.test/', '*', 'ios:bundle-id:com.example', 'https://1.2.3.4']) {
      expect(refused({ rp: { ...rp, topOrigins: [bad] } })).toEqual(['rp.topOrigins.0']);
    }
    expect(refused({ rp: { ...rp, topOrigins: [...topOrigins, ...topOrigins] } })).toEqual(['rp.topOrigins.1']);
    expect(refused({ rp: { ...rp, topOrigins: [] } })).toEqual(['rp.topOrigins']);
    expect(refused({ rp, cors: { origins: ['ios:bundle-id:com.example'] } })).toEqual(['cors.origins.0']);
  });

  test('a parent domain is warned about, the exact host is not', () => {
    expect(warned({ rp: { origins: ['https://app.example.com'], id: 'example.com' } })).toEqual(['rp.id']);
    expect(warned({ rp: { origins: ['https://app.example.com'], id: 'app.example.com' } })).toEqual([]);
  });

  test('there is at least one origin, each once', () => {
    expect(refused({ rp: { origins: [] } })).toEqual(['rp.origins']);
    expect(refused({ rp: {} })).toEqual(['rp.origins']);
    expect(refused({ rp: { origins: ['https://a.test', 'https://a.test'] } })).toEqual(['rp.origins.1']);
  });
});

describe('what belongs together', () => {
  test.each<[Json, string[]]>([
    [{ identity: { ttl: '59s', refresh: '1s' } }, ['identity.ttl']],
    [{ identity: { ttl: '60s' } }, []],
    [{ identity: { ttl: '5m' } }, []],
    [{ identity: { ttl: '301s' } }, ['identity.ttl']],
    [{ identity: { ttl: '60s', refresh: '31s' } }, ['identity.refresh']],
    [{ identity: { ttl: '90s', refresh: '60s' } }, []],
    [{ session: { idle: '13h' } }, ['session.idle']],
    [{ session: { idle: '12h' } }, []],
    [{ session: { absolute: '30d' } }, []],
    [{ session: { absolute: '31d' } }, ['session.absolute']],
    [{ session: { idle: '20s' } }, ['identity.refresh']],
    [{ session: { idle: '3s', absolute: '5s' }, identity: { refresh: '1s' } }, []],
    [{ keys: { publish: '30s' } }, ['keys.publish']],
    [{ keys: { publish: '2d', rotate: '3d' } }, ['keys.rotate']],
    [{ keys: { retire: '2m' } }, ['keys.retire']],
    [{ keys: { publish: '1m', rotate: '2m', retire: '3m' } }, []],
  ])('%j: %j', (more, paths) => {
    expect(refused(more)).toEqual(paths);
  });

  test('a lead that is shorter than meshes remember is warned about', () => {
    expect(warned({ keys: { publish: '20m' } })).toEqual(['keys.publish']);
  });

  test('workloads that share an audience, and no policy at all, are warned about', () => {
    expect(warned({ workloads: { a: { audience: 'x' }, b: { audience: 'x' }, c: { audience: 'y' } } })).toEqual([
      'workloads.a',
      'workloads.b',
    ]);
    expect(warned({ policies: {} })).toEqual(['policies']);
  });
});

describe('values', () => {
  test.each<[Json, string]>([
    [{ policies: { p: { groups: [] } } }, 'policies.p.groups'],
    [{ policies: { p: { groups: {} } } }, 'policies.p.groups'],
    [{ policies: { p: { groups: { any: [] } } } }, 'policies.p.groups'],
    [{ policies: { p: { groups: ['a b'] } } }, 'policies.p.groups'],
    [{ policies: { p: { groups: 'a' } } }, 'policies.p.groups'],
    [{ policies: { p: { users: [] } } }, 'policies.p.users'],
    [{ policies: { p: { maxAge: 300 } } }, 'policies.p.maxAge'],
    [{ policies: { p: { userVerification: 'yes' } } }, 'policies.p.userVerification'],
    [{ policies: { p: null } }, 'policies.p'],
    [{ policies: { p: [] } }, 'policies.p'],
    [{ policies: { p: ['admins'] } }, 'policies.p'],
    [{ policies: [] }, 'policies'],
    [{ session: [] }, 'session'],
    [{ identity: { issuer: 'https://a.test/' } }, 'identity.issuer'],
    [{ identity: { issuer: 'https://a.test?x' } }, 'identity.issuer'],
    [{ identity: { audience: '' } }, 'identity.audience'],
    [{ identity: { profile: 'jwt' } }, 'identity.profile'],
    [{ store: { type: 'sqlite' } }, 'store.type'],
    [{ pages: { help: 'a\u0007' } }, 'pages.help'],
    [{ pages: { name: 'x'.repeat(65) } }, 'pages.name'],
    [{ pages: { accent: 'red' } }, 'pages.accent'],
    [{ pages: { accent: '#ffcc00' } }, 'pages.accent'],
    [{ pages: { logo: '<svg onload="x"/>' } }, 'pages.logo'],
    [{ policies: { user: { words: '' } } }, 'policies.user.words'],
    [{ policies: { user: { contact: 'a\n' } } }, 'policies.user.contact'],
    [{ crypto: true }, 'crypto'],
  ])('%j is refused', (more, path) => {
    expect(refused(more).some((each) => each === path || each.startsWith(`${path}.`))).toBe(true);
  });
});

test.each([
  ['deny', {}, 'deny'],
  ['deny', { users: [] }, 'deny.users'],
  ['methods', [], 'methods'],
  ['methods', ['get'], 'methods.0'],
  ['networks', ['10.0.0.1/8'], 'networks.0'],
  ['networks', ['0.0.0.0/0', 'example.com'], 'networks.1'],
  ['times', ['Mon-Fri 18:00-08:00 Z'], 'times.0'],
  ['sameSite', 'yes', 'sameSite'],
  ['preflight', 'allow', 'preflight'],
])('a policy whose %s is %j is refused where it stands', (member, value, path) => {
  expect(refused({ policies: { p: { [member]: value } } })).toEqual([`policies.p.${path}`]);
});

test('a workload in full, and what it may not say', () => {
  const payments = {
    audience: 'https://payments',
    policy: 'user',
    namespace: 'shop',
    labels: { 'app.io/name': 'pay' },
  };
  expect(parseSettings(text({ workloads: { payments } })).settings.workloads.get('payments')).toEqual(payments);
  const but = (more: Json) => refused({ workloads: { payments: { ...payments, ...more } } });
  expect(but({ policy: 'unheard-of' })).toEqual(['workloads.payments.policy']);
  expect(but({ namespace: 'Shop' })).toEqual(['workloads.payments.namespace']);
  expect(but({ labels: { app: '-' } })).toEqual(['workloads.payments.labels.app']);
});

test('cors names origins', () => {
  expect(parseSettings(text({ cors: { origins: ['https://spa.example'] } })).settings.cors.origins).toEqual([
    'https://spa.example',
  ]);
  expect(refused({ cors: { origins: ['*'] } })).toEqual(['cors.origins.0']);
});
