import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { cleanUp } from '../helpers/cleanup.ts';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { sessionOf } from '../helpers/session.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { minuteIsAlwaysDue } from './points.ts';
import { type Site, siteWith } from './sites.ts';

const hour = 3_600_000;

interface Step {
  /** Hours since the first key. */
  readonly at: number;
  /** How many keys are published, and which of all that there were signs, counted from 0. */
  readonly published: number;
  readonly signs: number;
  readonly first?: 'reload' | 'restart';
}

/** With the schedule as it is installed: a key a day, an hour before it signs, an hour after. */
const journey: readonly Step[] = [
  { at: 0, published: 1, signs: 0 },
  { at: 22.9, published: 1, signs: 0 },
  { at: 23.1, published: 2, signs: 0 },
  { at: 23.9, published: 2, signs: 0, first: 'reload' },
  { at: 24.2, published: 2, signs: 1 },
  { at: 24.9, published: 2, signs: 1, first: 'restart' },
  // back to before the second signed, and on
  { at: 23.5, published: 2, signs: 0 },
  { at: 25.2, published: 1, signs: 1 },
  // back to when only the first signed, which is gone
  { at: 12, published: 1, signs: 1 },
  // days in which nginx did not run
  { at: 100, published: 2, signs: 1 },
  { at: 101.1, published: 2, signs: 2 },
  { at: 102.2, published: 1, signs: 2 },
];

describe.runIf(await needs('nginx'))('signing keys on a clock that jumps', () => {
  let site: Site;
  let upstream: Upstream;
  let offsetFile: string;
  let offset = 0;

  const jump = (milliseconds: number): void => {
    offset = milliseconds;
    writeFileSync(offsetFile, String(milliseconds));
  };

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-clock-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    offsetFile = join(folder, 'offset');
    jump(0);
    const clock = {
      file: 'src/nginx/runtime.ts',
      find: 'now: () => Date.now() }',
      replace: `now: () => Date.now() + Number(fs.readFileSync(${JSON.stringify(offsetFile)}, 'utf8')) }`,
    };
    upstream = await startUpstream();
    site = await siteWith([clock, minuteIsAlwaysDue], { upstream });
  });

  const published = async () => (await get(site.nginx, '/fido2/jwks.json')).json<JSONWebKeySet>();

  /** Tokens of four new sessions, so that both workers sign. */
  async function tokens(): Promise<string[]> {
    const sessions = await Promise.all(
      Array.from({ length: 4 }, () => sessionOf(site.nginx, site.ada, { age: -offset })),
    );
    const before = upstream.arrived.length;
    const answers = await Promise.all(sessions.map(({ cookie }) => get(site.nginx, '/app/', { cookie })));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    return upstream.arrived.slice(before).map((one) => one.header('fido2-identity') ?? '');
  }

  it('rotate by themselves, and no token is refused by who fetches them once in keys.publish', async () => {
    const seen: string[] = [];
    let cache: { keys: ReturnType<typeof createLocalJWKSet>; at: number } | null = null;
    for (const { at, published: count, signs, first } of journey) {
      jump(at * hour);
      if (first !== undefined) await site.nginx[first]();
      await expect.poll(async () => (await published()).keys.length, { timeout: 20_000 }).toBe(count);
      for (const { kid } of (await published()).keys) if (!seen.includes(String(kid))) seen.push(String(kid));
      if (cache === null || at < cache.at || at >= cache.at + 1)
        cache = { keys: createLocalJWKSet(await published()), at };
      for (const token of await tokens()) {
        await jwtVerify(token, cache.keys, { issuer: site.nginx.origin, currentDate: new Date(Date.now() + offset) });
        expect([at, seen.indexOf(decodeProtectedHeader(token).kid ?? '')]).toEqual([at, signs]);
      }
    }
  });
});
