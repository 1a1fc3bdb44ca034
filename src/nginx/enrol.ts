import { registrationResult } from './register.ts';
import { registrationOptions } from './registration-options.ts';
import { answer, asProblem, type Routes, route } from './routes.ts';
import { readIncoming, writeOutgoing } from './runtime.ts';

const routes: Routes = {
  '/fido2/attestation/options': { POST: registrationOptions },
  '/fido2/attestation/result': { POST: registrationResult },
};

/** What nginx.conf may call of registrations, and nothing else. */
export default {
  /** js_content: the two halves of a registration. */
  async handle(r: NginxHTTPRequest): Promise<void> {
    const outgoing = await answer((context) => route(routes, context), readIncoming(r), r.variables, asProblem);
    writeOutgoing(r, outgoing);
  },
};
