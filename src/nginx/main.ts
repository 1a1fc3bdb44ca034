import { answerInternal, answerPublic } from './api-routes.ts';
import { readIncoming, writeOutgoing } from './runtime.ts';
import { tick } from './tick.ts';

/** What nginx.conf may call of ceremonies, sessions and decisions, and nothing else. */
export default {
  /** js_content: ceremonies, sessions, documents. */
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
};
