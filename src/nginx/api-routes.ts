import { errorCodes } from '../errors.ts';
import { accountState, endSession, logout, removeKey, renameCredential, sessionState } from './account.ts';
import { decide } from './decide.ts';
import {
  showHealth,
  showHealthDetails,
  showJwks,
  showMetadata,
  showMetrics,
  showPathMetadata,
  showSettings,
} from './documents.ts';
import { loginResult } from './login.ts';
import { loginOptions } from './login-options.ts';
import { json } from './response.ts';
import { answer, asProblem, type Routes, route, type Wording } from './routes.ts';
import type { Incoming, Outgoing, Variables } from './runtime.ts';

const publicRoutes: Routes = {
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
  '/fido2/.well-known/oauth-authorization-server': { GET: showMetadata },
  '/.well-known/oauth-authorization-server': { GET: showMetadata },
  '/.well-known/oauth-authorization-server/fido2': { GET: showPathMetadata },
};

const internalRoutes: Routes = {
  '/fido2/healthz': { GET: showHealthDetails },
  '/fido2/metrics': { GET: showMetrics },
  '/fido2/settings': { GET: showSettings },
  '/fido2/jwks.json': { GET: showJwks },
};

/** What a load balancer reads. */
const asHealth: Wording = (request, code, headers) =>
  errorCodes[code][0] === 503 ? json(503, { status: 'unfit' }, headers) : asProblem(request, code, headers);

/** Ceremonies, sessions and documents under /fido2/. */
export function answerPublic(incoming: Incoming, variables: Variables): Promise<Outgoing> {
  const wording = incoming.path === '/fido2/healthz' ? asHealth : asProblem;
  return answer((context) => route(publicRoutes, context), incoming, variables, wording);
}

/** The gate's questions, and what operators may ask on the same socket. */
export function answerInternal(incoming: Incoming, variables: Variables): Promise<Outgoing> {
  const asked = /^\/fido2\/(?:authorize|optional)\//.test(incoming.path);
  // log lines name the client's request, whose reference a person is shown
  const [, id = incoming.id] = incoming.headerLines.find(([name]) => name.toLowerCase() === 'fido2-ref') ?? [];
  return answer(
    (context) => (asked ? decide(context.service, context.request) : route(internalRoutes, context)),
    { ...incoming, id },
    variables,
    asProblem,
  );
}
