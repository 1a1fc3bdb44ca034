import { type ErrorCode, errorCodes } from '../errors.ts';
import { errorPage } from '../pages/error.ts';
import { textsOf } from '../pages/page.ts';
import type { Rule } from '../policy/evaluate.ts';
import { audit } from './audit.ts';
import { state } from './dicts.ts';
import { reasonOf } from './reason.ts';
import { Request } from './request.ts';
import { bareCsp, headersOf, problem } from './response.ts';
import { safeReturnTo } from './return-to.ts';
import { clock, readHead, type Variables } from './runtime.ts';
import { settingsInForce } from './service.ts';
import { siteOf } from './site.ts';

/**
 * The pages behind error_page, as variables: the named locations answer with `return`, which reads no body. They
 * run after the decision and can only word it; whatever they return, the answer is a refusal.
 */
interface Told {
  readonly code: ErrorCode;
  readonly user?: string;
  readonly policy?: string;
  readonly detail?: string;
  /** Which rule refused, where the person may know. */
  readonly rule?: Rule;
  readonly max_age?: number;
  readonly acr_values?: string;
}

/** 303 to the login page for people, 401 for everything else. Sets $fido2_text, $fido2_challenge and $fido2_reader. */
export function refuse401(r: NginxHTTPRequest): string {
  const head = readHead(r);
  const request = new Request(head);
  const told = toldBy(head.variables, 'session_required');
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const marks = { step_up_required: '&step_up=1', session_expired: '&ended=1' } as Partial<Record<ErrorCode, string>>;
  const returnTo = encodeURIComponent(reads ? safeReturnTo(request.target) : '/');
  const lost = request.isNavigation() && !reads ? '&lost=1' : '';
  const policy = request.isNavigation() && hasHints(told) ? `&policy=${told.policy}` : '';
  const login = `/fido2/login?return_to=${returnTo}${marks[told.code] ?? ''}${policy}${lost}`;
  record(request, told);
  head.variables.fido2_csp = bareCsp;
  head.variables.fido2_reader = readerOf(request);
  // nginx's auth_request takes a redirect for a failure
  if (request.isNavigation() && head.variables.fido2_asker !== 'auth_request') {
    head.variables.fido2_text = login;
    return '303';
  }
  const { max_age, acr_values } = told;
  head.variables.fido2_challenge = challengeOf(told);
  head.variables.fido2_text = JSON.stringify(problem(told.code, request.ref, { login, max_age, acr_values }));
  return '401';
}

/** Whether the page of the confirmation must know the policy. */
function hasHints({ code, policy }: Told): boolean {
  if (code !== 'step_up_required' || policy === undefined) return false;
  return ifKnown(settingsInForce)?.policies.get(policy)?.hints !== undefined;
}

/** The confirmation that takes passkeys of this policy only, and goes on to where the person wanted. */
function otherPasskey(request: Request, { policy = '' }: Told): string {
  const reads = request.method === 'GET' || request.method === 'HEAD';
  const returnTo = encodeURIComponent(reads ? safeReturnTo(request.target) : '/');
  return `/fido2/login?return_to=${returnTo}&step_up=1&policy=${encodeURIComponent(policy)}`;
}

/** 403, or 503 for what the gate could only say as 403. Sets $fido2_text, $fido2_csp, $fido2_retry and $fido2_reader. */
export function refuse403(r: NginxHTTPRequest): string {
  const head = readHead(r);
  const request = new Request(head);
  const told = toldBy(head.variables, 'forbidden');
  const status: number = errorCodes[told.code][0];
  record(request, told);
  head.variables.fido2_reader = readerOf(request);
  head.variables.fido2_retry = headersOf(status)['Retry-After'] as string | undefined;
  const settings = request.isNavigation() ? ifKnown(settingsInForce) : null;
  const [origin] = settings?.rp.origins ?? [];
  if (settings === null || origin === undefined) {
    head.variables.fido2_csp = bareCsp;
    head.variables.fido2_text = JSON.stringify(problem(told.code, request.ref));
    return String(status);
  }
  const { words, contact } = settings.policies.get(told.policy ?? '') ?? {};
  const site = siteOf(settings, origin, request);
  const { html, csp } = errorPage({
    site,
    status,
    code: told.code,
    ref: request.ref,
    user: told.user ?? null,
    confirm: told.code === 'authenticator_not_allowed' ? otherPasskey(request, told) : undefined,
    reason: reasonOf(told, settings, textsOf(site)),
    ...(told.code === 'not_allowed' ? { words } : {}),
    ...(told.code === 'not_allowed' || told.code === 'authenticator_not_allowed' ? { contact } : {}),
    time: new Date(clock.now()).toISOString(),
  });
  head.variables.fido2_csp = csp;
  head.variables.fido2_text = html;
  return status === 503 ? 'page503' : 'page403';
}

/** The origin whose scripts may read the answer (CORS), or undefined. The settings are parsed only where one asks. */
function readerOf(request: Request): string | undefined {
  const origin = request.origin();
  if (origin === null) return undefined;
  return ifKnown(settingsInForce)?.cors.origins.find((each) => each === origin);
}

/** RFC 6750 section 3, RFC 9470 section 3. */
function challengeOf({ code, max_age, acr_values }: Told): string {
  if (code !== 'step_up_required') return 'Bearer realm="fido2"';
  const terms = ['error="insufficient_user_authentication"'];
  if (acr_values !== undefined) terms.push(`acr_values="${acr_values}"`);
  if (max_age !== undefined) terms.push(`max_age="${max_age}"`);
  return `Bearer realm="fido2", ${terms.join(', ')}`;
}

function toldBy(variables: Variables, otherwise: ErrorCode): Told {
  const text = variables.fido2_refusal ?? '';
  if (text === '') return { code: otherwise };
  const told = JSON.parse(text) as Told;
  return Object.hasOwn(errorCodes, told.code) ? told : { code: otherwise };
}

function record(request: Request, { code, user, policy, detail }: Told): void {
  const event = { event: 'decision', outcome: 'refused', target: request.target } as const;
  audit(
    ifKnown(() => state.get('folder') ?? null),
    request,
    { ...event, code, account: user, policy, detail },
  );
}

/** Null also where the zones are missing: what is out of order must still be worded. */
function ifKnown<T>(look: () => T | null): T | null {
  try {
    return look();
  } catch (_) {
    return null;
  }
}
