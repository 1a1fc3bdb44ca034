/** Calls to the handlers of the page's own origin. */

import { pageData } from './page-data.ts';

/** An answer that is no success. Status 0: no answer at all. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly ref: string | undefined;
  /** Seconds after which to try again, as far as the server says. */
  readonly retryAfter: number;

  constructor(status: number, code: string, title: string, ref?: string, retryAfter = 10) {
    super(title);
    this.status = status;
    this.code = code;
    this.ref = ref;
    this.retryAfter = retryAfter;
  }
}

function textOf(body: unknown, name: string): string | undefined {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : undefined;
}

async function bodyOf(answer: Response): Promise<unknown> {
  if (!/json/.test(answer.headers.get('content-type') ?? '')) return undefined;
  return answer.json().catch(() => undefined);
}

async function call<Answer>(path: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(pageData().prefix + path, { ...init, cache: 'no-store' }).catch(() => undefined);
  if (answer === undefined) throw new Problem(0, '', '');
  const body: unknown = await bodyOf(answer);
  if (answer.ok) return body as Answer;
  const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
  throw new Problem(
    answer.status,
    textOf(body, 'code') ?? '',
    textOf(body, 'title') ?? answer.statusText,
    textOf(body, 'ref'),
    seconds > 0 ? Math.min(Math.ceil(seconds), 3600) : undefined,
  );
}

/** POSTs JSON to a path under the prefix; throws a Problem. */
export function post<Answer>(path: string, body: object): Promise<Answer> {
  return call(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify(body),
  });
}

/** GETs JSON from a path under the prefix; throws a Problem. */
export function get<Answer>(path: string): Promise<Answer> {
  return call(path, { headers: { accept: 'application/json' } });
}
