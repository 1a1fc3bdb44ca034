import { type ErrorCode, errorCodes, Fido2Error } from '../errors.ts';
import { errorPage } from '../pages/error.ts';
import { accountState, endSession, logout, removeKey, renameCredential, sessionState } from './account.ts';
import type { Context } from './context.ts';
import { decide } from './decide.ts';
import { showHealth, showHealthDetails, showJwks, showMetadata, showMetrics } from './documents.ts';
import { loginOptions, loginResult } from './login.ts';
import { showAccount, showEnrol, showLogin, showSignedOut } from './page-handlers.ts';
import { registrationOptions, registrationResult } from './register.ts';
import { Request, refuseCrossOrigin } from './request.ts';
import { headersOf, json, page, problem } from './response.ts';
import { clock, type Incoming, log, type Outgoing, type Variables } from './runtime.ts';
import { loadService, settingsInForce } from './service.ts';
import { siteOf } from './site.ts';

type Handler = (context: Context) => Promise<Outgoing>;
type Methods = Readonly<Partial<Record<'GET' | 'POST', Handler>>>;

/** The only list of paths. HEAD is answered as GET. */
const publicRoutes: Readonly<Record<string, Methods>> = {
  '/fido2/login': { GET: showLogin },
  '/fido2/enrol': { GET: showEnrol },
  '/fido2/account': { GET: showAccount },
  '/fido2/signed-out': { GET: showSignedOut },
  '/fido2/attestation/options': { POST: registrationOptions },
  '/fido2/attestation/result': { POST: registrationResult },
  '/fido2/assertion/options': { POST: loginOptions },
  '/fido2/assertion/result': { POST: loginResult },
  '/fido2/session': { GET: sessionState },
  '/fido2/logout': { POST: logout },
  '/fido2/account/state': { GET: accountState },
  '/fido2/account/rename': { POST: renameCredential },
  '/fido2/account/remove': { POST: removeKey },
  '/fido2/account/end-session': { POST: endSession },
  '/fido2/jwks.json': { GET: showJwks },
  '/fido2/healthz': { GET: showHealth },
  '/fido2/.well-known/openid-configuration': { GET: showMetadata },
  '/.well-known/openid-configuration': { GET: showMetadata },
};

const internalRoutes: Readonly<Record<string, Methods>> = {
  '/fido2/healthz': { GET: showHealthDetails },
  '/fido2/metrics': { GET: showMetrics },
  '/fido2/jwks.json': { GET: showJwks },
};

/** Answers everything under /fido2/: the one catch and the one default, which is to refuse. */
export async function answerPublic(incoming: Incoming, variables: Variables): Promise<Outgoing> {
  const request = new Request(incoming);
  try {
    const service = await loadService(variables);
    const handler = handlerOf(publicRoutes, request);
    if (request.method === 'POST') refuseCrossOrigin(request, service.settings);
    return await handler({ service, request });
  } catch (error) {
    return answerError(request, error);
  }
}

/** Answers the gate, and whoever may open the socket's folder. */
export async function answerInternal(incoming: Incoming, variables: Variables): Promise<Outgoing> {
  const request = new Request(incoming);
  try {
    const service = await loadService(variables);
    if (/^\/fido2\/(?:authorize|optional)\//.test(request.path)) return await decide(service, request);
    return await handlerOf(internalRoutes, request)({ service, request });
  } catch (error) {
    return answerError(request, error);
  }
}

function handlerOf(routes: Readonly<Record<string, Methods>>, request: Request): Handler {
  const methods = Object.hasOwn(routes, request.path) ? routes[request.path] : undefined;
  if (methods === undefined) throw new Fido2Error('not_found', `no route for ${JSON.stringify(request.path)}`);
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const handler = method === 'GET' || method === 'POST' ? methods[method] : undefined;
  if (handler === undefined) throw new MethodNotAllowed(methods);
  return handler;
}

class MethodNotAllowed extends Fido2Error {
  readonly allow: string;
  constructor(methods: Methods) {
    const allow = methods.GET === undefined ? 'POST' : 'GET, HEAD';
    super('method_not_allowed', `allowed is ${allow}`);
    this.allow = allow;
  }
}

/** The detail goes to the log under the reference that the client is shown. */
function answerError(request: Request, error: unknown): Outgoing {
  const code: ErrorCode = error instanceof Fido2Error ? error.code : 'error';
  const [status] = errorCodes[code];
  const detail = error instanceof Error ? `${error.message}${code === 'error' ? ` ${error.stack ?? ''}` : ''}` : '';
  const line = `${request.ref} ${code}: ${JSON.stringify(detail.slice(0, 500))}`;
  if (status >= 500) log.error(line);
  else log.info(line);
  const headers = { ...headersOf(status), ...(error instanceof MethodNotAllowed ? { Allow: error.allow } : {}) };
  const settings = isPageWanted(request) ? settingsInForceOrNull() : null;
  const [origin] = settings?.rp.origins ?? [];
  if (settings === null || origin === undefined) {
    return json(status, problem(code, request.ref), { 'Content-Type': 'application/problem+json', ...headers });
  }
  const site = siteOf(settings, origin);
  const time = new Date(clock.now()).toISOString();
  return page(status, errorPage({ site, status, code, ref: request.ref, time }), headers);
}

function isPageWanted(request: Request): boolean {
  try {
    return request.isNavigation();
  } catch (_) {
    return false;
  }
}

function settingsInForceOrNull() {
  try {
    return settingsInForce();
  } catch (_) {
    return null;
  }
}
