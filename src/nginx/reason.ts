import { fill } from '../pages/sentence.ts';
import type { Texts } from '../pages/texts.ts';
import type { Rule } from '../policy/evaluate.ts';
import type { Policy } from '../policy/rules.ts';
import type { Settings } from '../policy/settings.ts';

/** What a policy asks by each of its rules that can refuse for good: key of the words, and the names in them. */
const asked: Readonly<Partial<Record<Rule, readonly [keyof Texts['rules'], (policy: Policy) => readonly string[]]>>> = {
  'deny.users': ['deniedUser', () => []],
  'deny.groups': ['deniedGroups', ({ deny }) => deny.groups],
  'groups.none': ['deniedGroups', ({ groups }) => groups.none],
  'groups.all': ['allGroups', ({ groups }) => groups.all],
  'groups.any': ['anyGroup', ({ groups }) => groups.any],
  users: ['namedUsers', () => []],
  methods: ['methods', ({ methods }) => methods ?? []],
  networks: ['networks', ({ networks }) => (networks ?? []).map(({ text }) => text)],
  'authenticator.attested': ['attested', () => []],
  'authenticator.aaguids': ['models', () => []],
  times: ['times', ({ times }) => (times ?? []).map(({ text }) => text)],
};

interface Told {
  readonly policy?: string;
  readonly rule?: Rule;
}

/** The rule that refused, as a sentence for those who look after the policies. */
export function reasonOf({ policy: name, rule }: Told, { policies }: Settings, texts: Texts): string | undefined {
  const policy = name === undefined ? undefined : policies.get(name);
  const words = rule === undefined ? undefined : asked[rule];
  if (policy === undefined || name === undefined || words === undefined) return undefined;
  const [key, names] = words;
  return fill(texts.errorPage.reason, {
    policy: name,
    rule: fill(texts.rules[key], { names: names(policy).join(', ') }),
  });
}
