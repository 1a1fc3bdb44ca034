import { answerInternal, answerPublic } from './api-routes.ts';
import { answerPreflight } from './preflight.ts';
import { readIncoming, writeOutgoing } from './runtime.ts';
import { tick } from './tick.ts';

/** What nginx.conf may call of sign-in, sessions and decisions, and nothing else. */
export default {
  /** js_content: sign-in, sessions, documents. */
  async handle(r: NginxHTTPRequest): Promise<void> {
    writeOutgoing(r, await answerPublic(readIncoming(r), r.variables));
  },
  /** js_content: the internal listener. */
  async internal(r: NginxHTTPRequest): Promise<void> {
    writeOutgoing(r, await answerInternal(readIncoming(r), r.variables));
  },
  /** js_content: the target of auth_request for a CORS preflight. */
  async preflight(r: NginxHTTPRequest): Promise<void> {
    const answer = await answerPreflight(readIncoming(r), r.variables);
    if (answer.status === 204) r.variables.fido2_deny = '';
    writeOutgoing(r, answer);
  },
  /** js_periodic. */
  async tick(session: NginxPeriodicSession): Promise<void> {
    await tick(session.variables);
  },
};
