import { groups, user } from './identity-variables.ts';
import { refuse401, refuse403 } from './refusal.ts';
import { answerInternal, answerPublic } from './routes.ts';
import { readIncoming, writeOutgoing } from './runtime.ts';
import { tick } from './tick.ts';

/** What nginx.conf may call, and nothing else. */
export default {
  /** js_content: everything under /fido2/. */
  async handle(r: NginxHTTPRequest): Promise<void> {
    writeOutgoing(r, await answerPublic(readIncoming(r), r.variables));
  },
  /** js_content: the internal listener. */
  async internal(r: NginxHTTPRequest): Promise<void> {
    writeOutgoing(r, await answerInternal(readIncoming(r), r.variables));
  },
  /** js_periodic. */
  async tick(session: NginxPeriodicSession): Promise<void> {
    await tick(session.variables);
  },
  /** js_set. */
  refuse401,
  refuse403,
  user,
  groups,
};
