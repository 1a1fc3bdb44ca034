import { toBase64url } from '../bytes.ts';
import { type ErrorCode, errorCodes, Fido2Error } from '../errors.ts';
import { authenticatorOf } from '../identity/credential.ts';
import { makeIdentityToken } from '../identity/identity-token.ts';
import { nextEnd } from '../identity/membership.ts';
import { touchSession } from '../identity/session.ts';
import { type Asked, evaluate, type Rule } from '../policy/evaluate.ts';
import { readsRequest } from '../policy/rules.ts';
import type { Settings, Workload } from '../policy/settings.ts';
import { type Authenticated, authenticate } from './authenticate.ts';
import { count, entryKey, refusals, state, tokens, tombstones } from './dicts.ts';
import { requireModelOfSession } from './model.ts';
import type { Request } from './request.ts';
import { clock, log, type Outgoing, random } from './runtime.ts';
import type { Service } from './service.ts';

/** What the gate passes on to the page of a refusal, as JSON. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly user?: string;
  readonly policy?: string;
  readonly detail?: string;
  /** Which rule refused, for those who may know. */
  readonly rule?: Rule;
  /** Seconds. */
  readonly max_age?: number;
  readonly acr_values?: string;
}

/** Milliseconds. A group added or a passkey confirmed counts after at most this long. */
const refusalLife = 2_000;
/** Milliseconds that a token must still be good for when it leaves. */
const reserve = 30_000;

const target = /^\/fido2\/(authorize|optional)\/([a-z][a-z0-9_-]{0,63})(?:\/([a-z][a-z0-9_-]{0,63}))?(!upgrade)?$/;

/**
 * A gate miss, start to end: the cookie's MAC, then revocation, session, user and policy, then the token and its
 * entry. What the decision rests on besides user and policy is the gate's word, and never remembered. 200 with the
 * token, 204 (optional, nobody), or 401, 403, 503 with a Refusal.
 */
export async function decide(service: Service, request: Request): Promise<Outgoing> {
  const cookie = request.header('fido2-session') ?? '';
  const [, kind, policyName = '', workload, vary = ''] = target.exec(request.path) ?? [];
  const optional = kind === 'optional';
  const policy = service.settings.policies.get(policyName);
  const key = vary === '' && (policy === undefined || !readsRequest(policy)) ? entryKey(request.path, cookie) : null;
  let known: Authenticated | null = null;
  try {
    known = await authenticate(service, cookie);
    return await permit(service, request, known, { policyName, workload, vary, key });
  } catch (error) {
    const refusal = refusalOf(error, known, policyName, service.settings);
    const status = errorCodes[refusal.code][0];
    const body = JSON.stringify(refusal);
    if (status === 503 || refusal.code === 'policy_unknown') log.error(`decision ${request.ref}: ${body}`);
    const authentic = !(error instanceof Fido2Error) || error.code !== 'session_required';
    const anonymous = optional && (status === 401 || refusedByPolicy.includes(refusal.code));
    const answer = anonymous ? { status: 204, body: '' } : { status, body };
    if (authentic && key !== null && status !== 503) {
      refusals.put(key, `${answer.status}${answer.body}`, refusalLife);
    }
    count(`decision_${refusal.code}`);
    return { ...answer, headers: {} };
  }
}

interface Decision {
  readonly policyName: string;
  readonly workload: string | undefined;
  readonly vary: string;
  /** Where the answer is remembered; null for one that depends on more than the key. */
  readonly key: string | null;
}

async function permit(
  service: Service,
  request: Request,
  { session, user, groups, authentication, credential, ends }: Authenticated,
  { policyName, workload, vary, key }: Decision,
): Promise<Outgoing> {
  const { settings, store, signingKey, generation } = service;
  const policy = settings.policies.get(policyName);
  if (policy === undefined) throw new Fido2Error('policy_unknown', `no policy for ${JSON.stringify(request.path)}`);
  const callee = workload === undefined ? null : workloadOf(settings, workload, policyName);
  const asked = askedOf(request, settings);
  if (vary !== '' && (asked.foreignOrigin || !request.header('fido2-origin'))) {
    throw new Fido2Error('cross_origin', `upgrade from ${JSON.stringify(request.header('fido2-origin'))}`);
  }
  await requireModelOfSession(service, credential);
  const now = clock.now();
  const subject = {
    userId: user.id,
    name: user.name,
    groups,
    userVerified: authentication.userVerified,
    authTime: authentication.time * 1000,
    authenticator: authenticatorOf(credential),
  };
  const decision = evaluate(subject, policy, now, asked);
  if (decision.outcome === 'deny') {
    throw new Denied(policyName, decision.rule);
  }
  if (decision.outcome === 'step_up') throw new StepUp(`policy ${policyName}: ${decision.reason}`, decision.maxAge);

  const there = key === null ? undefined : tokens.get(key);
  if (there !== undefined) return { status: 200, headers: {}, body: there };
  if (!(await touchSession(store, session, settings.identity.refresh, now))) {
    throw new Fido2Error('session_expired', 'the session ended meanwhile');
  }
  const token = await makeIdentityToken(await signingKey(now), {
    user: { ...user, groups },
    session: session.value,
    authentication,
    credential,
    issuer: settings.identity.issuer,
    audience: callee?.audience ?? settings.identity.audience,
    scope: settings.identity.profile === 'txn' ? policyName : null,
    groupMap: callee?.groupMap === true,
    life: settings.identity.ttl,
    id: toBase64url(random.bytes(16)),
    now,
  });
  count('fills');
  if (key !== null) {
    const never = Number.POSITIVE_INFINITY;
    const changes = Math.min(decision.until ?? never, nextEnd(user, now) ?? never);
    const end = Math.min(now + settings.identity.refresh, ends, changes);
    const life = Math.min(end - now, settings.identity.ttl - reserve);
    if (life > 0) tokens.put(key, token, life);
    // In this order no interleaving with a revocation leaves the entry behind: see revoke.ts. The same holds for new
    // settings and dropped keys, which change the generation before they clear the zone.
    if (state.get('generation') !== generation) tokens.drop(key);
    if (tombstones.has(session.value.id)) {
      tokens.drop(key);
      throw new Fido2Error('session_expired', 'the session was revoked meanwhile');
    }
  }
  return { status: 200, headers: {}, body: token };
}

/** The session is good, its last authentication is not good enough (RFC 9470). */
export class StepUp extends Fido2Error {
  /** Milliseconds. */
  readonly maxAge: number | null;
  constructor(detail: string, maxAge: number | null) {
    super('step_up_required', detail);
    this.maxAge = maxAge;
  }
}

const refusedByPolicy: readonly ErrorCode[] = ['not_allowed', 'authenticator_not_allowed', 'cross_origin'];

function codeOf(rule: Rule): ErrorCode {
  if (rule === 'authenticator.attested' || rule === 'authenticator.aaguids') return 'authenticator_not_allowed';
  return rule === 'sameSite' ? 'cross_origin' : 'not_allowed';
}

/** A rule that no confirmation can mend. */
class Denied extends Fido2Error {
  readonly rule: Rule;
  constructor(policy: string, rule: Rule) {
    super(codeOf(rule), `policy ${policy}: ${rule}`);
    this.rule = rule;
  }
}

function refusalOf(error: unknown, known: Authenticated | null, policy: string, { pages }: Settings): Refusal {
  const coded = error instanceof Fido2Error ? error : null;
  return {
    code: coded?.code ?? 'error',
    detail: coded?.message ?? String((error as Error).message ?? error),
    policy,
    ...(known === null ? {} : { user: known.user.name }),
    ...(error instanceof StepUp ? stepUpTerms(error) : {}),
    ...(error instanceof Denied && mayKnow(known, pages.reasonsFor) ? { rule: error.rule } : {}),
  };
}

function mayKnow(known: Authenticated | null, groups: readonly string[]): boolean {
  return known?.groups.some((group) => groups.includes(group)) === true;
}

function stepUpTerms({ maxAge }: StepUp): Pick<Refusal, 'max_age' | 'acr_values'> {
  return { acr_values: 'phr', ...(maxAge === null ? {} : { max_age: Math.floor(maxAge / 1000) }) };
}

/** The client's request, as the gate passes it on. */
function askedOf(request: Request, { rp }: Settings): Asked {
  const origin = request.header('fido2-origin') || null;
  const [method = '', address = ''] = (request.header('fido2-asked') ?? '').split(' ');
  return {
    method,
    address,
    site: request.header('fido2-site') || null,
    mode: request.header('fido2-mode') || null,
    foreignOrigin: origin !== null && !rp.origins.includes(origin),
  };
}

function workloadOf({ workloads }: Settings, name: string, policy: string): Workload {
  const workload = workloads.get(name);
  if (workload === undefined) throw new Fido2Error('policy_unknown', `no workload ${JSON.stringify(name)}`);
  if (workload.policy !== undefined && workload.policy !== policy) {
    throw new Fido2Error('policy_unknown', `workload ${name} goes with policy ${workload.policy}, not ${policy}`);
  }
  return workload;
}
