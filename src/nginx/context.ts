import type { Authenticated } from './authenticate.ts';
import { authenticate } from './authenticate.ts';
import type { Request } from './request.ts';
import type { Service } from './service.ts';

/** What a handler is given. */
export interface Context {
  readonly service: Service;
  readonly request: Request;
}

export function authenticateRequest({ service, request }: Context): Promise<Authenticated> {
  return authenticate(service, request.sessionCookie());
}

/** The session if there is a good one; an unreadable store is no "nobody". */
export async function maybeAuthenticated(context: Context): Promise<Authenticated | null> {
  try {
    return await authenticateRequest(context);
  } catch (error) {
    if (isSignedOut(error)) return null;
    throw error;
  }
}

function isSignedOut(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return code === 'session_required' || code === 'session_expired';
}
