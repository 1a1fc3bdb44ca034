import { type ErrorCode, errorCodes } from '../errors.ts';
import type { Rendered } from '../pages/page.ts';
import type { Outgoing } from './runtime.ts';

/** What every answer of ours has, set by the handlers so that a site's add_header cannot lose it. */
const guards: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

export const bareCsp = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

type Headers = Readonly<Record<string, string | string[]>>;

export function json(status: number, value: object, headers: Headers = {}): Outgoing {
  return {
    status,
    headers: { ...guards, 'Content-Security-Policy': bareCsp, 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(value),
  };
}

export function page(status: number, { html, csp }: Rendered, headers: Headers = {}): Outgoing {
  return {
    status,
    headers: { ...guards, 'Content-Security-Policy': csp, 'Content-Type': 'text/html; charset=utf-8', ...headers },
    body: html,
  };
}

export function noContent(headers: Headers = {}): Outgoing {
  return { status: 204, headers: { ...guards, 'Content-Security-Policy': bareCsp, ...headers }, body: '' };
}

/** Problem details (RFC 9457). The title is generic; the log has the rest under `ref`. */
export function problem(code: ErrorCode, ref: string, more: object = {}): object {
  const [status, title] = errorCodes[code];
  return { type: `urn:ngx-fido2:${code}`, title, status, code, ref, ...more };
}

/** Headers that belong to a status whoever answers it. */
export function headersOf(status: number): Headers {
  if (status === 503) return { 'Retry-After': '5' };
  if (status === 429) return { 'Retry-After': '1' };
  return {};
}
