import { errorCodes } from '../errors.ts';
import { errorPage } from '../pages/error.ts';
import { noteOutcome } from './outcome.ts';
import { showAccount, showEnrol, showLogin, showSignedOut } from './page-handlers.ts';
import type { Request } from './request.ts';
import { page } from './response.ts';
import { answer, asProblem, type Routes, route, type Wording } from './routes.ts';
import { clock, type Incoming, type Outgoing, type Variables } from './runtime.ts';
import { settingsInForce } from './service.ts';
import { siteOf } from './site.ts';
import { showPasskeyEndpoints, showRelatedOrigins } from './well-known.ts';

const pageRoutes: Routes = {
  '/fido2/login': { GET: showLogin },
  '/fido2/enrol': { GET: showEnrol },
  '/fido2/account': { GET: showAccount },
  '/fido2/signed-out': { GET: showSignedOut },
  '/fido2/outcome': { POST: noteOutcome },
  '/.well-known/webauthn': { GET: showRelatedOrigins },
  '/.well-known/passkey-endpoints': { GET: showPasskeyEndpoints },
};

/** People's pages, what browsers look up of passkeys, and everything under /fido2/ that is nothing. */
export function answerPages(incoming: Incoming, variables: Variables): Promise<Outgoing> {
  return answer((context) => route(pageRoutes, context), incoming, variables, asPage);
}

/** A page for people, a problem document for everything else and where no settings are in force. */
const asPage: Wording = (request, code, headers) => {
  const settings = isPageWanted(request) ? settingsOrNull() : null;
  const [origin] = settings?.rp.origins ?? [];
  if (settings === null || origin === undefined) return asProblem(request, code, headers);
  const [status] = errorCodes[code];
  const time = new Date(clock.now()).toISOString();
  return page(
    status,
    errorPage({ site: siteOf(settings, origin, request), status, code, ref: request.ref, time }),
    headers,
  );
};

/** Headers sent twice were the error itself, perhaps. */
function isPageWanted(request: Request): boolean {
  try {
    return request.isNavigation();
  } catch (_) {
    return false;
  }
}

function settingsOrNull() {
  try {
    return settingsInForce();
  } catch (_) {
    return null;
  }
}
