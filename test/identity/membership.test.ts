import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { groupsAt, isActive, joinGroup, joinGroups, leaveGroup, nextEnd } from '../../src/identity/membership.ts';

const now = 1_800_000_000_000;
const nobody = { groups: [], groupEnds: [] };

describe('an account', () => {
  test.each([
    [{ disabled: false }, true],
    [{ disabled: false, until: null }, true],
    [{ disabled: false, until: now + 1 }, true],
    [{ disabled: false, until: now }, false],
    [{ disabled: true, until: now + 1 }, false],
  ])('%j is active: %s', (user, active) => {
    expect(isActive(user, now)).toBe(active);
  });
});

describe('a membership', () => {
  test('ends at its end, and is seen from then on in the record only', () => {
    const user = joinGroup({ groups: ['staff'] }, 'admins', now + 1000);
    expect(groupsAt(user, now + 999)).toEqual(['admins', 'staff']);
    expect(groupsAt(user, now + 1000)).toEqual(['staff']);
    expect(user.groups).toEqual(['admins', 'staff']);
  });

  test('that is given again has the last end, or none', () => {
    const brief = joinGroup(nobody, 'admins', now + 1000);
    expect(groupsAt(joinGroup(brief, 'admins', now + 9000), now + 8000)).toEqual(['admins']);
    expect(groupsAt(joinGroup(brief, 'admins', now + 10), now + 10)).toEqual([]);
    expect(joinGroup(brief, 'admins', null)).toEqual({ groups: ['admins'], groupEnds: [] });
  });

  test('that is taken leaves no end behind', () => {
    const user = joinGroup(joinGroup(nobody, 'a', now + 1000), 'b', now + 2000);
    expect(leaveGroup(user, 'a')).toEqual({ groups: ['b'], groupEnds: [{ group: 'b', at: now + 2000 }] });
  });

  test('an invite gives again what has ended, and leaves the end of what has not', () => {
    const user = joinGroup(joinGroup(nobody, 'ended', now), 'ending', now + 1000);
    expect(joinGroups(user, ['ended', 'ending', 'new'], now)).toEqual({
      groups: ['ended', 'ending', 'new'],
      groupEnds: [{ group: 'ending', at: now + 1000 }],
    });
  });

  test.each(['constructor', 'toString', '__proto__'])('works for a group named %s', (group) => {
    expect(groupsAt({ groups: [group], groupEnds: [] }, now)).toEqual([group]);
    expect(groupsAt({ groups: [group], groupEnds: [{ group, at: now }] }, now)).toEqual([]);
  });

  test('nothing changes before the next end', () => {
    const time = fc.integer({ min: now - 5000, max: now + 5000 });
    const end = fc.record({ group: fc.constantFrom('a', 'b', 'c'), at: time });
    fc.assert(
      fc.property(
        fc.uniqueArray(end, { selector: ({ group }) => group }),
        fc.option(time),
        fc.nat(6000),
        (groupEnds, until, later) => {
          const user = { groups: ['a', 'b', 'c'], groupEnds, disabled: false, until };
          const next = nextEnd(user, now) ?? Number.POSITIVE_INFINITY;
          const same = now + later < next;
          const at = (moment: number) => [groupsAt(user, moment), isActive(user, moment)];
          if (same) expect(at(now + later)).toEqual(at(now));
          else expect(at(next)).not.toEqual(at(now));
        },
      ),
    );
  });
});
