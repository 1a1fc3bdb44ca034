import type { Directive } from '../nginx-tree.ts';

export type ScopeKind = 'main' | 'http' | 'server' | 'location' | 'if' | 'limit_except';

/** A block in which http directives may stand, with what it inherits. */
export interface Scope {
  readonly kind: ScopeKind;
  readonly directive: Directive;
  readonly parent: Scope | null;
  readonly children: readonly Scope[];
  /** Its own directives of that name, in order. */
  own(name: string): readonly Directive[];
}

const kinds: Readonly<Record<string, ScopeKind>> = {
  ...{ http: 'http', server: 'server', location: 'location', if: 'if', limit_except: 'limit_except' },
};

/** The scopes of a whole configuration; the outermost is `main`. */
export function scopesOf(tree: readonly Directive[]): Scope {
  return scopeOf('main', { name: 'main', args: [], file: tree[0]?.file ?? '', line: 1, block: tree }, null);
}

function scopeOf(kind: ScopeKind, directive: Directive, parent: Scope | null): Scope {
  const block = directive.block ?? [];
  const children: Scope[] = [];
  const byName = new Map<string, Directive[]>();
  for (const each of block) {
    const same = byName.get(each.name);
    if (same === undefined) byName.set(each.name, [each]);
    else same.push(each);
  }
  const scope: Scope = { kind, directive, parent, children, own: (name) => byName.get(name) ?? [] };
  for (const each of block) {
    const inner = each.block === undefined ? undefined : kinds[each.name];
    // `server` of an upstream and of stream{} are other things
    if (inner === undefined || (kind === 'main' && inner !== 'http')) continue;
    children.push(scopeOf(inner, each, scope));
  }
  return scope;
}

/** This scope and all within it, outermost first. */
export function* within(scope: Scope): Generator<Scope> {
  yield scope;
  for (const child of scope.children) yield* within(child);
}

/** Every directive of the scope's block at any depth. */
export function* directivesWithin(block: readonly Directive[]): Generator<Directive> {
  for (const directive of block) {
    yield directive;
    yield* directivesWithin(directive.block ?? []);
  }
}

/** The nearest scope, this one included, that says the directive: nginx never merges the lists of two levels. */
export function inherited(scope: Scope, name: string): readonly Directive[] {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = at.own(name);
    if (found.length > 0) return found;
  }
  return [];
}

/** The first argument of the directive in force, or null. */
export function settingOf(scope: Scope, name: string): string | null {
  return inherited(scope, name)[0]?.args[0] ?? null;
}

export function isOn(scope: Scope, name: string): boolean {
  return settingOf(scope, name)?.toLowerCase() === 'on';
}

/** Remembers what was found out about a scope: a site with a thousand locations is asked a million times. */
export function once<T>(find: (scope: Scope) => T): (scope: Scope) => T {
  const known = new WeakMap<Scope, { readonly value: T }>();
  return (scope) => {
    const found = known.get(scope) ?? { value: find(scope) };
    known.set(scope, found);
    return found.value;
  };
}

export function serverOf(scope: Scope): Scope | null {
  for (let at: Scope | null = scope; at !== null; at = at.parent) if (at.kind === 'server') return at;
  return null;
}

/** The location that this scope is, or stands in. */
export function locationOf(scope: Scope): Scope | null {
  for (let at: Scope | null = scope; at !== null; at = at.parent) if (at.kind === 'location') return at;
  return null;
}

/** `location ^~ /x/`, `server app.example.com`: as a person would call it. */
export function titleOf(scope: Scope): string {
  const { name, args } = scope.directive;
  if (scope.kind === 'server') return ['server', ...(scope.own('server_name')[0]?.args ?? [])].join(' ');
  return [name, ...args].join(' ');
}
