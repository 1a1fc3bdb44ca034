import type { Answer, HeaderValues } from '../../helpers/client.ts';
import type { Arrived } from '../../helpers/upstream.ts';

/** Where the site of the traps stands. */
export interface Place {
  readonly folder: string;
  readonly port: number;
  /** For servers that a balancer stands before. */
  readonly relayPort: number;
  /** Of the upstream `other`. */
  readonly otherPort: number;
  /** The text of a snippet as it is installed. */
  snippet(name: string): string;
}

export type TrapText = string | ((place: Place) => string);

/** What a server of its own has besides fido2/server.conf. */
export interface ServerText {
  /** Beside the server, inside http. */
  readonly http?: TrapText;
  readonly server: TrapText;
  /** False: the server does not include fido2/server.conf by itself. */
  readonly installed?: boolean;
  /** Whether refusals have their real pages, whose script each server compiles anew. */
  readonly pages?: boolean;
}

export interface VisitOptions {
  /** Whose session; nobody's without it. */
  readonly as?: 'ada' | 'bob';
  readonly method?: string;
  readonly headers?: HeaderValues;
  readonly body?: string;
}

/** What a visit brought about. */
export interface Sight {
  readonly answer: Answer;
  /** What arrived meanwhile at the upstream that is gated elsewhere. */
  readonly app: readonly Arrived[];
  /** What arrived at the others: of HTTP and TLS, and of FastCGI, uwsgi and gRPC. */
  readonly other: readonly Arrived[];
  readonly parameters: readonly ReadonlyMap<string, string>[];
}

export interface Visitor {
  /** Whom the server answers as. */
  readonly host: string;
  readonly place: Place;
  /** The session cookie's value. */
  cookie(of: 'ada' | 'bob'): string;
  visit(path: string, options?: VisitOptions): Promise<Sight>;
  /** What arrives while the work goes on. */
  during(work: () => Promise<void>): Promise<Pick<Sight, 'app'>>;
}

/** One way to leave a gate open, beside what comes near and is closed. */
export interface Trap {
  /** The finding that names it, on the line that ends in `# here`. */
  readonly code: string;
  readonly name: string;
  /** Other errors and warnings that the same lines are worth. */
  readonly also?: readonly string[];
  readonly bad: ServerText;
  readonly good: ServerText;
  /** Looks from outside. */
  readonly see: (visitor: Visitor) => Promise<unknown>;
  /** What is seen where the trap is, and what without it. */
  readonly open: unknown;
  readonly closed: unknown;
}

export const publicPass = 'include fido2/public.conf; proxy_pass http://app;';

/** A gated location; `more` stands before the snippet. */
export function gated(
  path: string,
  more = '',
  pass = 'proxy_pass http://app$fido2_deny;',
  snippet = 'include fido2/upstream.conf;',
): string {
  return `location ${path} {\n  auth_request /fido2/authorize/user;\n  ${more}\n  ${snippet}\n  ${pass}\n}`;
}

/**
 * Of server.conf the gate's two locations, and the pages of its refusals. What else stands there, the ceremonies and
 * their pages, takes nginx 20 s to compile for a hundred servers.
 */
export function partsOf(snippet: string): { gate: string; optional: string; refusals: string } {
  const parts = snippet.split(/^(?=# (?:A CORS preflight|The gate for pages|People's pages|Refusals))/m);
  const [gate = '', optional = '', refusals = ''] = parts.filter((part) => !/^# (?:A CORS|People)/.test(part));
  return { gate, optional, refusals };
}

/** In place of the refusals' pages: the statuses alone. */
export const bareRefusals = [401, 403, 500]
  .map((status) => `location @fido2_${status} { auth_request off; return ${status}; }`)
  .join('\n');

/** The URLs that the gated upstream was asked for. */
export const urls = ({ app }: Pick<Sight, 'app'>): string[] => app.map(({ url }) => url);

/** Whether a visit to the path without a session reaches the gated upstream. */
export const nobodyAt =
  (path: string) =>
  async ({ visit }: Visitor): Promise<string[]> =>
    urls(await visit(path));

/** The status that a signed-in visitor gets. */
export const statusAt =
  (path: string) =>
  async ({ visit }: Visitor): Promise<number> =>
    (await visit(path, { as: 'ada' })).answer.status;
