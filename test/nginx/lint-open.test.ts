import { beforeAll, describe, expect, it } from 'vitest';
import { buildCommand } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { answerTraps } from './lint-open/answer-traps.ts';
import { bypassTraps } from './lint-open/bypass-traps.ts';
import { coverageTraps } from './lint-open/coverage-traps.ts';
import { gateTraps } from './lint-open/gate-traps.ts';
import { leakTraps } from './lint-open/leak-traps.ts';
import { policyTraps } from './lint-open/policy-traps.ts';
import { startTraps, type TrapSite } from './lint-open/rig.ts';
import { routingTraps } from './lint-open/routing-traps.ts';
import { serverTraps } from './lint-open/server-traps.ts';
import { upstreamTraps } from './lint-open/upstream-traps.ts';

const traps = [
  ...coverageTraps,
  ...upstreamTraps,
  ...answerTraps,
  ...bypassTraps,
  ...routingTraps,
  ...leakTraps,
  ...policyTraps,
  ...gateTraps,
  ...serverTraps,
];
const table = traps.map((trap, i) => ({ ...trap, i }));

describe.runIf(await needs('nginx'))('what the check of nginx’s configuration finds, in a real nginx', () => {
  let site: TrapSite;

  beforeAll(async () => {
    await buildCommand();
    site = await startTraps(traps);
  });

  it.each(table)(
    '$code: $name is as the rule says, and found in its line',
    async ({ i, code, also = [], see, open }) => {
      expect(await see(site.visitor(i, 'bad'))).toEqual(open);
      const found = site.findings(i, 'bad');
      expect(found).toContainEqual(expect.objectContaining({ code, line: site.marked(i) }));
      const serious = found.filter((each) => each.severity !== 'note' && each.code !== code);
      expect([...new Set(serious.map((each) => each.code))].sort()).toEqual([...also].sort());
      for (const { reason, fix } of found) expect([reason, fix]).not.toContain('');
    },
  );

  it.each(table)('$code: without $name nothing is open, and nothing found', async ({ i, code, see, closed }) => {
    expect(await see(site.visitor(i, 'good'))).toEqual(closed);
    const found = site.findings(i, 'good');
    expect(found.filter((each) => each.severity !== 'note' || each.code === code)).toEqual([]);
  });
});
