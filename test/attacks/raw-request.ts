import { cookieName, raw, type Site } from '../helpers/client.ts';

/** What no client library sends: a target and header lines byte for byte. */
export interface RawRequest {
  readonly method?: string;
  /** Latin-1: each character is one byte. */
  readonly target: string;
  readonly host?: string;
  readonly lines?: readonly string[];
  readonly cookie?: string | undefined;
}

export interface RawAnswer {
  /** 0 where nginx closed without an answer. */
  readonly status: number;
  /** Head and body as they came. */
  readonly text: string;
  /** Names in lower case, in order. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  header(name: string): string | undefined;
}

export async function sendRaw(site: Site, { method = 'GET', target, ...rest }: RawRequest): Promise<RawAnswer> {
  const { host = new URL(site.origin).host, lines = [], cookie } = rest;
  const head = [`${method} ${target} HTTP/1.1`, `Host: ${host}`, 'Connection: close', ...lines];
  if (cookie !== undefined) head.push(`Cookie: ${cookieName}=${cookie}`);
  const text = await raw(site, Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'));
  const headers = (text.split('\r\n\r\n')[0] ?? '')
    .split('\r\n')
    .slice(1)
    .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()] as const);
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
    text,
    headers,
    header: (name) => headers.find(([each]) => each === name)?.[1],
  };
}
