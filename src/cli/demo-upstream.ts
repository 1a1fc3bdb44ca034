import { lstatSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import {
  type DemoFacts,
  demoAdminPage,
  demoAppPage,
  demoConfPage,
  demoHomePage,
  demoNotFoundPage,
} from '../pages/demo.ts';
import type { Rendered, Site } from '../pages/page.ts';
import type { DemoMembership } from './demo-membership.ts';
import { type MeshCalls, meshFacts } from './demo-mesh-calls.ts';
import { type KeySet, tokenVerifier, type Verify } from './demo-token.ts';

export interface DemoUpstreamOptions {
  /** A port on 127.0.0.1 (0: a free one) or the path of a unix socket. */
  readonly listen: number | string;
  readonly jwks: KeySet;
  readonly issuer: string;
  readonly audience: string;
  /** Text of the nginx.conf before it, to be shown to whoever is signed in. */
  readonly conf?: string | undefined;
  /** Versions of what stands before it. */
  readonly about?: string | undefined;
  readonly membership?: DemoMembership | undefined;
  /** The mesh before it. */
  readonly mesh?: MeshCalls | undefined;
}

export interface DemoUpstream {
  /** The port in use, or null on a unix socket. */
  readonly port: number | null;
  close(): Promise<void>;
}

const bodyLimit = 16_384;
const sessionCookie = '__Host-fido2';

const mostTokens = 1000;

interface Demo {
  readonly site: Site;
  readonly verify: Verify;
  /** Tokens that came before. */
  readonly seen: Set<string>;
  readonly options: DemoUpstreamOptions;
}

const pathOf = ({ url = '/' }: IncomingMessage): string => url.split('?')[0] ?? '/';

/** Whether this very token came before: then nginx had it in memory and signed nothing. */
function isRemembered(seen: Set<string>, token: string | null): boolean {
  if (token === null) return false;
  if (seen.has(token)) return true;
  if (seen.size >= mostTokens) seen.clear();
  seen.add(token);
  return false;
}

async function factsOf(request: IncomingMessage, { verify, seen, options }: Demo): Promise<DemoFacts> {
  const value = request.headers['fido2-identity'];
  const token = typeof value === 'string' && value !== '' ? value : null;
  const sawSessionCookie = (request.headers.cookie ?? '').includes(sessionCookie);
  const nothing = { header: null, payload: null, verified: false, reason: '' };
  const remembered = isRemembered(seen, token);
  const facts = { token, sawSessionCookie, remembered, ...(token === null ? nothing : await verify(token)) };
  if (options.mesh === undefined || token === null || !facts.verified) return facts;
  return { ...facts, mesh: await meshFacts(options.mesh, pathOf(request), token) };
}

function sendPage(response: ServerResponse, status: number, { html, csp }: Rendered): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': csp,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
  });
  response.end(html);
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Reads the whole body, keeping no more than the limit of it, so that uploads of any size end well. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size <= bodyLimit) chunks.push(chunk);
  }
  return size > bodyLimit ? '' : Buffer.concat(chunks).toString();
}

/** A member of a JSON body, whatever that is. */
function memberOf(body: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** What a caller that asks for JSON is told; names and groups only of a token that holds. */
function statement(path: string, { token, header, payload, verified, remembered, mesh }: DemoFacts): object {
  const user = verified ? payload?.preferred_username : undefined;
  const groups = verified ? payload?.groups : undefined;
  return {
    marker: 'ngx-fido2-demo-upstream',
    path,
    user: typeof user === 'string' ? user : null,
    groups: Array.isArray(groups) ? groups : [],
    token: token === null ? null : { header, payload },
    verified,
    remembered,
    ...(mesh === undefined ? {} : { mesh }),
  };
}

/** Only for whom the token names, only from a page of this site: another site's form has no JSON. */
async function changeMembership(
  request: IncomingMessage,
  body: string,
  demo: Demo,
  facts: DemoFacts,
): Promise<boolean> {
  const { membership } = demo.options;
  const user = facts.verified ? facts.payload?.preferred_username : undefined;
  const member = memberOf(body, 'member');
  const isJson = request.headers['content-type'] === 'application/json';
  if (membership === undefined || !isJson || typeof user !== 'string' || typeof member !== 'boolean') return false;
  return membership.change(user, member);
}

async function answer(request: IncomingMessage, response: ServerResponse, demo: Demo): Promise<void> {
  const { site, options } = demo;
  const target = request.url ?? '/';
  const path = pathOf(request);
  const body = await readBody(request);
  if (path === '/ping' || path === '/app/ping') return sendJson(response, 200, {});
  if (path === '/app/verify' && request.method === 'POST') {
    const token = memberOf(body, 'token');
    const { verified, reason } = await demo.verify(typeof token === 'string' ? token : '');
    return sendJson(response, 200, { verified, reason });
  }
  const facts = await factsOf(request, demo);
  if (path === '/app/group' && request.method === 'POST') {
    const changed = await changeMembership(request, body, demo, facts);
    return sendJson(response, changed ? 200 : 409, { changed });
  }
  if (/\bapplication\/json\b/i.test(request.headers.accept ?? '')) {
    return sendJson(response, 200, statement(target, facts));
  }
  const parts = { site, facts, about: options.about, leaveWithin: options.membership?.within ?? null };
  if (path === '/app/nginx.conf' && options.conf !== undefined) {
    sendPage(response, 200, demoConfPage(site, options.conf));
  } else if (path === '/app' || path.startsWith('/app/')) sendPage(response, 200, demoAppPage(parts));
  else if (path === '/admin' || path.startsWith('/admin/')) sendPage(response, 200, demoAdminPage(parts));
  else if (path === '/') sendPage(response, 200, demoHomePage(site));
  else sendPage(response, 404, demoNotFoundPage(site));
}

/** A socket that a killed process left behind would keep this one from listening; nothing else is removed. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
}

function listen(server: Server, where: number | string): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const ready = () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : null);
    };
    server.once('error', reject);
    if (typeof where === 'number') server.listen(where, '127.0.0.1', ready);
    else server.listen(where, ready);
  });
}

/**
 * The application behind the gate of `npm start`: it knows people only by the identity token, which it verifies
 * against the published key set. It runs as a process of its own.
 */
export async function runDemoUpstream(options: DemoUpstreamOptions): Promise<DemoUpstream> {
  const { issuer, audience, jwks } = options;
  const verify = tokenVerifier(jwks, issuer, audience);
  const { host, origin } = new URL(issuer);
  const demo: Demo = { site: { name: 'ngx-fido2 demo', host, origin }, verify, seen: new Set(), options };
  const server = createServer((request, response) => {
    answer(request, response, demo).catch((error: unknown) => {
      // a client that went away mid-body is no concern; anything else is a bug to be seen
      if (!request.destroyed) console.error('demo upstream:', error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = 75_000;
  if (typeof options.listen === 'string') removeSocket(options.listen);
  const port = await listen(server, options.listen);
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, close };
}
