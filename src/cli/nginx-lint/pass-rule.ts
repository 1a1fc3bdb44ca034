import type { Rule } from './rule.ts';
import { titleOf } from './scope.ts';
import { type Gated, type Pass, passesOf, type Site } from './site.ts';

export interface GatedPass extends Gated {
  readonly pass: Pass;
}

const gatedPasses = ({ admitted }: Site): GatedPass[] =>
  admitted.flatMap((each) => passesOf(each.scope).map((pass) => ({ ...each, pass })));

/** A rule about each pass behind a gate; `judge` says what is wrong with it, or null. */
export function passRule(rule: Omit<Rule, 'find'>, judge: (each: GatedPass, site: Site) => string | null): Rule {
  return {
    ...rule,
    *find(site) {
      for (const each of gatedPasses(site)) {
        const reason = judge(each, site);
        if (reason !== null) yield { directive: each.pass.directive, reason: `${titleOf(each.scope)}: ${reason}` };
      }
    },
  };
}
