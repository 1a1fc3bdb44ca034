import { Fido2Error } from '../errors.ts';
import type { Settings } from '../policy/settings.ts';
import type { Incoming } from './runtime.ts';

/** A request as handlers see it: read once, each header at most once. */
export class Request {
  readonly method: string;
  readonly path: string;
  readonly target: string;
  readonly address: string;
  /** Eight characters that stand in the answer and in the log. */
  readonly ref: string;
  readonly body: string;
  readonly #headers = new Map<string, string[]>();

  constructor(incoming: Incoming) {
    this.method = incoming.method;
    this.path = incoming.path;
    this.target = incoming.target;
    this.address = incoming.address;
    this.ref = incoming.id.slice(0, 8);
    this.body = incoming.body;
    for (const [name, value] of incoming.headerLines) {
      const key = name.toLowerCase();
      const there = this.#headers.get(key);
      if (there === undefined) this.#headers.set(key, [value]);
      else there.push(value);
    }
  }

  /** The header's one value, or null. One sent twice is `malformed`: nobody can say which of them was meant. */
  header(name: string): string | null {
    const values = this.#headers.get(name);
    if (values === undefined) return null;
    if (values.length > 1) throw new Fido2Error('malformed', `${values.length} ${name} headers`);
    return values[0] ?? null;
  }

  /** The Origin sent, or null; also null for two, where an answer must be worded whatever came. */
  origin(): string | null {
    const origins = this.#headers.get('origin') ?? [];
    return origins.length === 1 ? (origins[0] ?? null) : null;
  }

  /** The languages asked for, in one line. */
  languages(): string {
    return (this.#headers.get('accept-language') ?? []).join(',');
  }

  /** Our session cookie, or null. Two of them count as none. */
  sessionCookie(): string | null {
    let found: string | null = null;
    for (const line of this.#headers.get('cookie') ?? []) {
      for (const pair of line.split(';')) {
        const text = pair.trim();
        if (!text.startsWith('__Host-fido2=')) continue;
        if (found !== null) return null;
        found = text.slice('__Host-fido2='.length);
      }
    }
    return found;
  }

  /** The body as a JSON object. Throws `unsupported_media_type`, `malformed`. */
  json(): Record<string, unknown> {
    const type = (this.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase();
    if (type !== 'application/json') {
      throw new Fido2Error('unsupported_media_type', `content type ${JSON.stringify(type)}`);
    }
    let value: unknown;
    try {
      value = JSON.parse(this.body);
    } catch (error) {
      throw new Fido2Error('malformed', 'the body is not JSON', { cause: error });
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Fido2Error('malformed', 'the body is not a JSON object');
    }
    return value as Record<string, unknown>;
  }

  /** A page is wanted, not an API's answer: what browsers send when a person follows a link or submits a form. */
  isNavigation(): boolean {
    const modes = this.#headers.get('sec-fetch-mode') ?? [];
    if (modes.length > 0) return modes.every((mode) => mode === 'navigate');
    const reads = this.method === 'GET' || this.method === 'HEAD';
    return reads && (this.#headers.get('accept') ?? []).some((types) => types.includes('text/html'));
  }
}

/** Refuses what another site sends: Origin, when sent, is one of ours; Sec-Fetch-Site, when sent, is same-origin. */
export function refuseCrossOrigin(request: Request, settings: Settings): void {
  const origin = request.header('origin');
  if (origin !== null && !settings.rp.origins.includes(origin)) {
    throw new Fido2Error('cross_origin', `origin ${JSON.stringify(origin)} is not configured`);
  }
  const site = request.header('sec-fetch-site');
  if (site !== null && site !== 'same-origin') {
    throw new Fido2Error('cross_origin', `sec-fetch-site ${JSON.stringify(site)}`);
  }
}

/** The ceremony's origin: the request's own if sent, else the one configured origin whose authority equals Host. */
export function originOf(request: Request, settings: Settings): string {
  const origin = request.header('origin');
  if (origin !== null) {
    if (settings.rp.origins.includes(origin)) return origin;
    throw new Fido2Error('cross_origin', `origin ${JSON.stringify(origin)} is not configured`);
  }
  const host = (request.header('host') ?? '').toLowerCase();
  const [found, second] = settings.rp.origins.filter((each) => authorityOf(each) === host);
  if (found === undefined || second !== undefined) {
    throw new Fido2Error('cross_origin', `host ${JSON.stringify(host)} is not that of one configured origin`);
  }
  return found;
}

/** `localhost:8080` of `http://localhost:8080`. */
export function authorityOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2);
}
