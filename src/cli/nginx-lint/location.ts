import { once, type Scope, within } from './scope.ts';

export type Match = 'exact' | 'first' | 'prefix' | 'regex' | 'named';

export interface Pattern {
  readonly match: Match;
  /** Path, regular expression or `@name`. */
  readonly text: string;
  readonly ignoreCase: boolean;
}

/** How a location is chosen. `^~` is "first": no regular expression is asked after it. */
export const patternOf = once(({ directive: { args } }): Pattern => {
  const [first = '', second] = args;
  const joined = /^(=|\^~|~\*|~)(.+)$/.exec(first);
  const modifier = second === undefined ? (joined?.[1] ?? '') : first;
  const text = second ?? joined?.[2] ?? first;
  if (modifier === '' && text.startsWith('@')) return { match: 'named', text, ignoreCase: false };
  const match = { '=': 'exact', '^~': 'first', '~': 'regex', '~*': 'regex' } as const;
  return { match: match[modifier as keyof typeof match] ?? 'prefix', text, ignoreCase: modifier === '~*' };
});

const locationsIn = once((server) => [...within(server)].filter(({ kind }) => kind === 'location'));

const namedIn = once((server): ReadonlyMap<string, Scope[]> => {
  const named = new Map<string, Scope[]>();
  for (const scope of locationsIn(server)) {
    const { match, text } = patternOf(scope);
    if (match === 'named') named.set(text, [...(named.get(text) ?? []), scope]);
  }
  return named;
});

/** Whether the expression matches; null where it says what only PCRE reads. */
export function matches(expression: string, ignoreCase: boolean, path: string): boolean | null {
  try {
    return new RegExp(expression.replace(/([*+?}])\+/g, '$1'), ignoreCase ? 'i' : '').test(path);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** All locations that may answer a path that begins with `start`, or, with `whole`, that path itself. */
export function locationsFor(server: Scope, start: string, whole: boolean): Scope[] {
  if (start.startsWith('@')) return namedIn(server).get(start) ?? [];
  const locations = locationsIn(server);
  const isPrefix = (scope: Scope): boolean => ['prefix', 'first'].includes(patternOf(scope).match);
  const exact = locations.find((scope) => patternOf(scope).match === 'exact' && patternOf(scope).text === start);
  if (whole && exact !== undefined) return [exact];
  const longest = locations
    .filter((scope) => isPrefix(scope) && start.startsWith(patternOf(scope).text))
    .sort((a, b) => patternOf(b).text.length - patternOf(a).text.length)[0];
  const below = whole
    ? []
    : locations.filter((scope) => {
        const { match, text } = patternOf(scope);
        return (isPrefix(scope) || match === 'exact') && text.length > start.length && text.startsWith(start);
      });
  const regexes = locations.filter((scope) => {
    const { match, text, ignoreCase } = patternOf(scope);
    return match === 'regex' && (!whole || matches(text, ignoreCase, start) !== false);
  });
  const asked = longest !== undefined && patternOf(longest).match === 'first' && below.length === 0 ? [] : regexes;
  return [...(longest === undefined ? [] : [longest]), ...below, ...asked];
}
