import type { ErrorCode } from '../errors.ts';
import { count } from './dicts.ts';
import { printable } from './printable.ts';
import type { Request } from './request.ts';
import { appendLine, clock, log } from './runtime.ts';

/** One JSON line per ceremony and per refused decision. Never a secret, a challenge or a token. */
export interface AuditEvent {
  readonly event:
    | 'registration'
    | 'login'
    | 'step_up'
    | 'logout'
    | 'session_revoked'
    | 'credential_removed'
    | 'credential_renamed'
    | 'decision';
  readonly outcome: 'done' | 'refused';
  readonly code?: ErrorCode | undefined;
  readonly user?: string | undefined;
  readonly account?: string | undefined;
  readonly credential?: string | undefined;
  readonly session?: string | undefined;
  readonly policy?: string | undefined;
  readonly target?: string | undefined;
  readonly step?: string | undefined;
  readonly detail?: string | undefined;
}

const longest = 200;

/** JSON escapes what would break a line; each value is cut, for a client chooses some of them. */
function lineOf(request: Request, event: AuditEvent): string {
  const entry = {
    v: 1,
    time: new Date(clock.now()).toISOString(),
    ref: request.ref,
    address: request.address,
    ...event,
  };
  return JSON.stringify(entry, (_, value: unknown) => (typeof value === 'string' ? printable(value, longest) : value));
}

/** A full disk costs the line and says so; it does not keep people out. */
export function audit(folder: string | null, request: Request, event: AuditEvent): void {
  const line = lineOf(request, event);
  count(`audit_${event.event}_${event.outcome}`);
  try {
    if (folder === null) log.warn(`audit ${line}`);
    else appendLine(`${folder}/audit.log`, line);
  } catch (error) {
    count('audit_failed');
    log.error(`audit: ${(error as Error).message}: ${line}`);
  }
}
