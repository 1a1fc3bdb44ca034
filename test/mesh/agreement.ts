import fc from 'fast-check';
import { expect } from 'vitest';
import { MeshError } from '../../src/mesh/mesh-error.ts';
import type { MeshName } from '../../src/mesh/meshes.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import type { Policy } from '../../src/policy/rules.ts';
import { type Person, rendered, settingsWith, tokenOf } from './fixtures.ts';
import type { MeshRig } from './rig.ts';

// few names, so that people and policies meet; some that differ by little
const group = fc.constantFrom('a', 'A', 'ab', 'a/b', 'admins', '@staff:x', 'no', '012', 'null');
const user = fc.constantFrom('ana', 'Ana', 'an*a', 'ana*', 'bo b', 'ü', 'yes', '"\\');
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
// most are close to what the policy admits: whoever is refused for three reasons tells little of one
const often = fc.integer({ min: 0, max: 7 }).map((drawn) => drawn > 0);
const requests = fc.array(
  fc.record({ person, method, fits: fc.record({ name: often, groups: often, userVerified: often, method: often }) }),
  { minLength: 8, maxLength: 16 },
);

type Drawn = Readonly<{
  person: Person;
  method: string;
  fits: Readonly<Record<'name' | 'groups' | 'userVerified' | 'method', boolean>>;
}>;

/** Who asks and how: as the policy wants it where it is to fit. */
function requestOf({ person: drawn, method: how, fits }: Drawn, { users: names, groups: rules, methods }: Policy) {
  const wanted = [...rules.all, ...rules.any.slice(0, 1)];
  const who: Person = {
    name: fits.name ? (names?.[0] ?? drawn.name) : drawn.name,
    groups: fits.groups ? wanted : drawn.groups,
    userVerified: fits.userVerified || drawn.userVerified,
  };
  return { who, how: fits.method ? (methods?.[0] ?? how) : how };
}

/** Whether anything is rendered for the mesh. */
function canHold(mesh: MeshName, document: object, groupMap: boolean): boolean {
  try {
    return rendered(mesh, document, { settings: settingsWith(document, { groupMap }) }).length > 0;
  } catch (error) {
    if (error instanceof MeshError) return false;
    throw error;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export interface Agreement {
  readonly documents: number;
  /** Documents that the mesh cannot hold. */
  readonly notHeld: number;
  /** Requests of either kind. */
  readonly allowed: number;
  readonly refused: number;
  /** Milliseconds, the median. */
  readonly swap: number;
}

/**
 * Holds the gate’s decisions against those of a mesh that has what is rendered, for random documents and people.
 * `groupMap`: whether tokens have the groups in a map besides.
 */
export async function compareDecisions(
  rig: Pick<MeshRig, 'setPolicy' | 'call'>,
  mesh: MeshName,
  runs: number,
  { groupMap = false }: { readonly groupMap?: boolean } = {},
): Promise<Agreement> {
  const seen = { allowed: 0, refused: 0, documents: 0, notHeld: 0 };
  const swaps: number[] = [];
  const check = async (document: object, asked: readonly Drawn[]) => {
    if (!canHold(mesh, document, groupMap)) {
      seen.notHeld += 1;
      return;
    }
    const started = performance.now();
    await rig.setPolicy(document);
    swaps.push(performance.now() - started);
    seen.documents += 1;
    const parsed = settingsWith(document).policies.get('payers');
    if (parsed === undefined) throw new Error('the document has no policy');
    const now = Date.now();
    for (const { who, how } of asked.map((each) => requestOf(each, parsed))) {
      const subject = { ...who, userId: 'id', authTime: now };
      const request = { method: how, address: '192.0.2.1', site: null, mode: null, foreignOrigin: false };
      const isAllowed = evaluate(subject, parsed, now, request).outcome === 'allow';
      seen[isAllowed ? 'allowed' : 'refused'] += 1;
      const { status } = await rig.call({ token: await tokenOf(who, { groupMap }), method: how });
      expect({ who, how, status }).toEqual({ who, how, status: isAllowed ? 200 : 403 });
    }
  };
  await fc.assert(fc.asyncProperty(policy, requests, check), { numRuns: runs });
  return { ...seen, swap: median(swaps) };
}
