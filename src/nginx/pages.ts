import { answerPages } from './page-routes.ts';
import { refuse401, refuse403 } from './refusal.ts';
import { readIncoming, writeOutgoing } from './runtime.ts';

/** What nginx.conf may call for people's pages and the words of refusals: no ceremony and no curve is in this script. */
export default {
  /** js_content: the pages under /fido2/, and everything there that is nothing. */
  async handle(r: NginxHTTPRequest): Promise<void> {
    writeOutgoing(r, await answerPages(readIncoming(r), r.variables));
  },
  /** js_set. */
  refuse401,
  refuse403,
};
