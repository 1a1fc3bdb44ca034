import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../src/policy/evaluate.ts';
import { needs } from '../helpers/needs.ts';
import { startEnvoyRig } from './envoy-rig.ts';
import { settingsWith, tokenOf } from './fixtures.ts';
import type { MeshRig } from './rig.ts';

/** Documents to try; a release tries many. */
const runs = Number(process.env.MESH_DOCUMENTS ?? 20);

// few names, so that people and policies meet; some that differ by little
const group = fc.constantFrom('a', 'A', 'ab', 'a/b', 'admins', '@staff:x');
const user = fc.constantFrom('ana', 'Ana', 'ana*', '*', 'bo b', 'ü');
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'DELETE', 'PURGE');
const groups = fc.uniqueArray(group, { minLength: 1, maxLength: 3 });
const users = fc.uniqueArray(user, { minLength: 1, maxLength: 3 });
const withoutKeys = { requiredKeys: [] };

const groupRules = fc
  .record({ any: groups, all: groups, none: groups }, withoutKeys)
  .filter((rules) => Object.keys(rules).length > 0);
const denial = fc.record({ users, groups }, withoutKeys).filter((rules) => Object.keys(rules).length > 0);
const policy = fc.record(
  {
    groups: fc.oneof(groups, groupRules),
    users,
    deny: denial,
    methods: fc.uniqueArray(method, { minLength: 1, maxLength: 3 }),
    userVerification: fc.boolean(),
  },
  withoutKeys,
);
const person = fc.record({
  name: user,
  groups: fc.uniqueArray(group, { maxLength: 4 }),
  userVerified: fc.boolean(),
});
const requests = fc.array(fc.record({ person, method }), { minLength: 8, maxLength: 16 });

describe.runIf(await needs('envoy'))('the gate and a real Envoy', () => {
  let rig: MeshRig;
  beforeAll(async () => {
    rig = await startEnvoyRig({});
  });

  test(`decide alike in ${runs} random documents`, { timeout: 60_000 + runs * 2000 }, async () => {
    const seen = { allowed: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(policy, requests, async (document, asked) => {
        await rig.setPolicy(document);
        const parsed = settingsWith(document).policies.get('payers');
        if (parsed === undefined) throw new Error('the document has no policy');
        const now = Date.now();
        for (const { person: who, method: how } of asked) {
          const subject = { ...who, userId: 'id', authTime: now };
          const request = { method: how, address: '192.0.2.1', site: null, mode: null, foreignOrigin: false };
          const isAllowed = evaluate(subject, parsed, now, request).outcome === 'allow';
          seen[isAllowed ? 'allowed' : 'refused'] += 1;
          const { status } = await rig.call({ token: await tokenOf(who), method: how });
          expect({ who, how, status }).toEqual({ who, how, status: isAllowed ? 200 : 403 });
        }
      }),
      { numRuns: runs },
    );
    // a property that only ever refuses shows nothing
    expect(seen.allowed).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(0);
  });
});
