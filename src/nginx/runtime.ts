import hashes from 'crypto';
import fs from 'fs';
import type { Subtle } from '../crypto/subtle.ts';
import { Fido2Error } from '../errors.ts';
import { type Clock, FileError, type FileFailure, type Files, type Random } from '../store/ports.ts';
import { printable } from './printable.ts';

/** The seam: the only file that touches r, ngx, fs, process and crypto. Everything above it sees these types. */

export type Variables = NginxVariables;

export interface Incoming {
  readonly method: string;
  /** Decoded once, dot segments resolved, as nginx matched it. */
  readonly path: string;
  /** The raw target: path and query as sent. */
  readonly target: string;
  readonly headerLines: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  readonly address: string;
  readonly id: string;
}

export interface Outgoing {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

export function readIncoming(r: NginxHTTPRequest): Incoming {
  return {
    method: r.method,
    path: r.uri,
    target: r.variables.request_uri ?? '',
    headerLines: r.rawHeadersIn,
    body: r.requestText ?? '',
    address: r.variables.remote_addr ?? '',
    id: r.variables.request_id ?? '',
  };
}

/** The same for a variable's handler, which must not read the body; of the request that is decided about. */
export function readHead(r: NginxHTTPRequest): Incoming & { readonly variables: Variables } {
  return {
    method: r.variables.fido2_method ?? r.variables.request_method ?? '',
    path: r.uri,
    target: r.variables.fido2_target ?? r.variables.request_uri ?? '',
    headerLines: r.rawHeadersIn,
    body: '',
    address: r.variables.fido2_address ?? r.variables.remote_addr ?? '',
    id: r.variables.request_id ?? '',
    variables: r.variables,
  };
}

export function writeOutgoing(r: NginxHTTPRequest, response: Outgoing): void {
  for (const name of Object.keys(response.headers)) {
    if (name !== 'Location') r.headersOut[name] = response.headers[name];
  }
  const { Location: location } = response.headers;
  // njs sends an empty Location where it stands among the headers.
  if (typeof location === 'string') r.return(response.status, location);
  else r.return(response.status, response.body);
}

/** A zone shared by the workers, or null where the configuration lacks it. */
export function zone(name: string): NgxSharedDict<string> | null {
  return (ngx.shared[name] as NgxSharedDict<string> | undefined) ?? null;
}

export function numberZone(name: string): NgxSharedDict<number> | null {
  return (ngx.shared[name] as NgxSharedDict<number> | undefined) ?? null;
}

export const clock: Clock = { now: () => Date.now() };

export const random: Random = {
  bytes(length) {
    const bytes = new Uint8Array(length);
    crypto.getRandomValues(bytes);
    return bytes;
  },
};

export const subtle: Subtle = crypto.subtle;

/** At once, for what must not wait; in base64, as a Content-Security-Policy names it. */
export function sha256Base64(text: string): string {
  return hashes.createHash('sha256').update(text).digest('base64');
}

/**
 * RFC 9530. Throws `unfit` for a body that goes to the upstream as it comes: what has come of it so far is not it.
 * nginx knows the length of one that it has read, however it was sent.
 */
export function digestOfBody(r: NginxHTTPRequest): string {
  const body = r.requestBuffer ?? Buffer.alloc(0);
  const { content_length: length, http_transfer_encoding: coding } = r.variables;
  if (Number(length ?? (coding === undefined ? 0 : -1)) !== body.length) {
    throw new Fido2Error('unfit', 'the body is not buffered: a token cannot be bound to it');
  }
  return `sha-256=:${hashes.createHash('sha256').update(body).digest('base64')}:`;
}

/** nginx's master and this worker. */
export const processIds = { worker: process.pid, master: process.ppid };

export const versions = { nginx: ngx.version, njs: njs.version, engine: njs.engine };

/** nginx writes what it is given, control characters too. */
const write = (level: number, line: string) => ngx.log(level, `fido2: ${printable(line, 2000)}`);

export const log = {
  info: (line: string) => write(ngx.INFO, line),
  warn: (line: string) => write(ngx.WARN, line),
  error: (line: string) => write(ngx.ERR, line),
};

/** njs-types does not know it. */
const links = fs as typeof fs & { readlinkSync(path: string): string };

const failures: Readonly<Record<string, FileFailure>> = {
  ENOENT: 'absent',
  ENOTDIR: 'absent',
  EEXIST: 'exists',
  ENOTEMPTY: 'not_empty',
};

function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    throw new FileError(failures[code ?? ''] ?? 'other', `${path}: ${code ?? ''} ${message ?? ''}`);
  }
}

export const files: Files = {
  read: (path) => attempt(path, () => new Uint8Array(fs.readFileSync(path))),
  create: (path, bytes) => attempt(path, () => fs.writeFileSync(path, bytes, { flag: 'wx', mode: 0o600 })),
  symlink: (target, path) => attempt(path, () => fs.symlinkSync(target, path)),
  readlink: (path) => attempt(path, () => links.readlinkSync(path)),
  rename: (from, to) => attempt(from, () => fs.renameSync(from, to)),
  unlink: (path) => attempt(path, () => fs.unlinkSync(path)),
  mkdir(path) {
    try {
      fs.mkdirSync(path, { mode: 0o700 });
      return true;
    } catch (_) {
      // Its parents are missing, or it is there: njs looks at each part of the path then, which is the rarer case.
      attempt(path, () => fs.mkdirSync(path, { mode: 0o700, recursive: true }));
      return false;
    }
  },
  rmdir: (path) => attempt(path, () => fs.rmdirSync(path)),
  list: (path) => attempt(path, () => fs.readdirSync(path)),
  stat: (path) =>
    attempt(path, () => {
      const { mode, uid, size, mtimeMs } = fs.statSync(path);
      return { mode, uid, size, mtime: mtimeMs };
    }),
};

/** The status that a location of the internal listener answers a POST with; 0 for no answer. */
export async function askInternally(socket: string, path: string, body: string): Promise<number> {
  try {
    const headers = { Host: 'fido2', 'Content-Type': 'text/plain' };
    return (await ngx.fetch(`http://unix:${socket}:${path}`, { method: 'POST', headers, body })).status;
  } catch (error) {
    log.error(`internal listener: ${path}: ${(error as Error).message}`);
    return 0;
  }
}

/** One line at the end of a file that several workers append to: O_APPEND, one write. */
export function appendLine(path: string, line: string): void {
  attempt(path, () => fs.appendFileSync(path, `${line}\n`, { mode: 0o600 }));
}
