import type { Settings } from '../../policy/settings.ts';
import type { Directive } from '../nginx-tree.ts';
import { locationsFor, patternOf } from './location.ts';
import { inherited, locationOf, once, type Scope, scopesOf, serverOf, settingOf, within } from './scope.ts';

/** Which policy a scope asks for. */
export interface Gate {
  readonly kind: 'authorize' | 'optional';
  /** What stands in auth_request. */
  readonly uri: string;
  readonly directive: Directive;
}

export interface Gated {
  readonly scope: Scope;
  readonly gate: Gate;
}

/** What the rules look at. */
export interface Site {
  readonly main: Scope;
  readonly servers: readonly Scope[];
  /** Locations and blocks in them that are not ours. */
  readonly scopes: readonly Scope[];
  readonly gated: readonly Gated[];
  /** `gated`, and the named locations that try_files of a gated one leads to. */
  readonly admitted: readonly Gated[];
  readonly settings: Settings;
  /** Absolute. */
  readonly storeFolder: string;
  /** The mode bits of a folder; null where it is not to be seen from here. */
  modeOf(folder: string): number | null;
}

export function siteOf(tree: readonly Directive[], known: Pick<Site, 'settings' | 'storeFolder' | 'modeOf'>): Site {
  const main = scopesOf(tree);
  const all = [...within(main)];
  const scopes = all.filter((scope) => locationOf(scope) !== null && !isOurs(scope));
  const gated = scopes.flatMap((scope) => {
    const gate = gateOf(scope);
    return gate === null ? [] : [{ scope, gate }];
  });
  const servers = all.filter((scope) => scope.kind === 'server');
  return { main, servers, scopes, gated, admitted: [...gated, ...reachedByTryFiles(gated)], ...known };
}

/** The gate in force; auth_request inherits. */
export const gateOf = once((scope): Gate | null => {
  const directive = inherited(scope, 'auth_request')[0];
  const [uri = ''] = directive?.args ?? [];
  const kind = /^\/fido2\/(authorize|optional)\//.exec(uri)?.[1];
  if (directive === undefined || kind === undefined) return null;
  return { kind: kind === 'authorize' ? 'authorize' : 'optional', uri, directive };
});

/** Kind and policy: who passes one of two with the same passes the other. */
export const admissionOf = (scope: Scope): string | null => gateOf(scope)?.uri.split('/').slice(0, 4).join('/') ?? null;

const ourPath =
  /^(\/fido2\/|\/fido2-page\/|@fido2_|\/\.well-known\/(openid-configuration|oauth-authorization-server(\/fido2)?|webauthn|passkey-endpoints)$)/;

/** Whether the location is one of the snippets'. One that passes requests on is not, whatever it is called. */
export const isOurs = once((scope): boolean => {
  const server = serverOf(scope);
  if (server !== null && isInternalServer(server)) return true;
  const location = locationOf(scope);
  return location !== null && ourPath.test(patternOf(location).text) && passesOf(location).length === 0;
});

export const isInternalServer = once((server) =>
  [...within(server)].some((scope) => settingOf(scope, 'js_content') === 'fido2_main.internal'),
);

/** The `listen` of the internal listener; without one the server itself. */
export function* internalListens({ servers }: Pick<Site, 'servers'>): Generator<Directive> {
  for (const server of servers.filter(isInternalServer)) {
    const listens = server.own('listen');
    yield* listens.length === 0 ? [server.directive] : listens;
  }
}

/** The path of a `listen unix:PATH`. */
export const socketOf = ({ args }: Directive): string | null => /^unix:(.+)$/.exec(args[0] ?? '')?.[1] ?? null;

export const internalSockets = (site: Pick<Site, 'servers'>): string[] =>
  [...internalListens(site)].flatMap((listen) => socketOf(listen) ?? []);

/** A listener that answers other proxies refuses whom it does not know (asked.conf). */
export const isForAskers = once(
  (server): boolean =>
    server.kind === 'server' &&
    server.children.some(({ kind, directive: { args } }) => kind === 'if' && args.join(' ') === '($fido2_peer != yes)'),
);

export type Protocol = 'proxy' | 'grpc' | 'fastcgi' | 'uwsgi' | 'scgi';

export interface Pass {
  readonly protocol: Protocol;
  readonly directive: Directive;
  readonly target: string;
}

export const protocols: readonly Protocol[] = ['proxy', 'grpc', 'fastcgi', 'uwsgi', 'scgi'];

/** Where the scope's own directives send a request. */
export function passesOf(scope: Scope): Pass[] {
  return protocols.flatMap((protocol) =>
    scope.own(`${protocol}_pass`).map((directive) => ({ protocol, directive, target: directive.args[0] ?? '' })),
  );
}

/** The value that is sent as this header, null where the client's own goes through. Two lines are both sent. */
export function sentHeader(scope: Scope, protocol: Protocol, header: string): string | null {
  const isHeader = protocol === 'proxy' || protocol === 'grpc';
  const name = isHeader ? header.toLowerCase() : `http_${header.toLowerCase().replaceAll('-', '_')}`;
  const directive = isHeader ? `${protocol}_set_header` : `${protocol}_param`;
  const sent = inherited(scope, directive).filter(({ args }) => args[0]?.toLowerCase() === name);
  return sent.length === 0 ? null : sent.map(({ args }) => args[1] ?? '').join(' and ');
}

const suffix = /\$(?:fido2_deny(?!\w)|\{fido2_deny\})/;

/** The pass's target before and after the suffix, without its scheme; null without one. */
export function suffixOf(target: string): { before: string; after: string } | null {
  const address = target.replace(/^[a-z]+:\/\//i, '');
  const found = suffix.exec(address);
  if (found === null) return null;
  return { before: address.slice(0, found.index), after: address.slice(found.index + found[0].length) };
}

/** Whether the suffix stands in the host, where it makes an address that does not exist. */
export function isClosed({ target }: Pass): boolean {
  const found = suffixOf(target);
  return found !== null && (/^unix:[^:]*$/.test(found.before) || !found.before.includes('/'));
}

function reachedByTryFiles(gated: readonly Gated[]): Gated[] {
  return gated.flatMap(({ scope, gate }) => {
    const server = serverOf(scope);
    const last = inherited(scope, 'try_files')[0]?.args.at(-1) ?? '';
    if (server === null || !last.startsWith('@')) return [];
    return locationsFor(server, last, true)
      .filter((named) => gateOf(named) === null && !isOurs(named))
      .flatMap((named) => [...within(named)].map((reached) => ({ scope: reached, gate })));
  });
}
