import type { Incoming, Outgoing, Variables } from './runtime.ts';
import { loadService } from './service.ts';

const target = /^\/fido2\/preflight\/([a-z][a-z0-9_-]{0,63})(?:\/[a-z][a-z0-9_-]{0,63})?$/;

/**
 * 204 where the policy lets a CORS preflight pass, else 401. Browsers send it without cookies (Fetch, 4.8), so there is
 * nobody to decide about; the upstream receives it without an identity.
 */
export async function answerPreflight({ path }: Incoming, variables: Variables): Promise<Outgoing> {
  const { settings } = await loadService(variables);
  const [, name = ''] = target.exec(path) ?? [];
  return { status: settings.policies.get(name)?.preflight === 'pass' ? 204 : 401, headers: {}, body: '' };
}
