import { toBase64url, utf8 } from '../bytes.ts';
import { algorithmBackends } from '../crypto/verify.ts';
import { Fido2Error } from '../errors.ts';
import { jwksOf } from '../identity/signing-keys.ts';
import type { Context } from './context.ts';
import { counters, state } from './dicts.ts';
import { published } from './published.ts';
import { json } from './response.ts';
import { type Outgoing, processIds, versions } from './runtime.ts';
import { cryptographyOf } from './verifier.ts';

/** GET /fido2/jwks.json: public, cached for at most a quarter of the time that a key is published ahead. */
export function showJwks(context: Context): Promise<Outgoing> {
  const headers = { 'Access-Control-Allow-Origin': '*', 'Cross-Origin-Resource-Policy': 'cross-origin' };
  return published(context, jwksOf(context.service.signingRing), headers);
}

/** Metadata of the issuer (RFC 8414, OpenID Connect Discovery 1.0), as far as verifiers read them. */
export async function showMetadata(context: Context): Promise<Outgoing> {
  const { identity, rp } = context.service.settings;
  const [origin = ''] = rp.origins;
  const base = identity.issuer.endsWith('/fido2') ? identity.issuer : `${origin}/fido2`;
  return published(context, {
    issuer: identity.issuer,
    jwks_uri: `${base}/jwks.json`,
    authorization_endpoint: `${base}/login`,
    response_types_supported: ['none'],
    grant_types_supported: [],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
    acr_values_supported: ['phr', 'phrh'],
    claims_supported: [
      'iss',
      'aud',
      'sub',
      'preferred_username',
      'name',
      'groups',
      'iat',
      'nbf',
      'exp',
      'jti',
      'sid',
      'acr',
      'amr',
      'auth_time',
    ],
  });
}

/** Where RFC 8414 looks for the metadata of an issuer with a path: the path stands at the end. */
export async function showPathMetadata(context: Context): Promise<Outgoing> {
  const { issuer } = context.service.settings.identity;
  if (!issuer.endsWith('/fido2')) throw new Fido2Error('not_found', `the issuer is ${issuer}`);
  return showMetadata(context);
}

/** GET /fido2/healthz: what a load balancer needs and no more. Unfit never gets here: it is 503 for everything. */
export async function showHealth(_: Context): Promise<Outgoing> {
  return json(200, { status: state.get('degraded') === undefined ? 'ok' : 'degraded' });
}

/** The same on the internal listener, with the reasons. */
export async function showHealthDetails({ service }: Context): Promise<Outgoing> {
  const degraded = state.get('degraded');
  return json(200, {
    status: degraded === undefined ? 'ok' : 'degraded',
    ...(degraded === undefined ? {} : { degraded }),
    ...versions,
    ...processIds,
    settings: toBase64url(await service.ports.sha256(utf8(state.get('settings') ?? ''))),
    algorithms: await algorithmBackends(cryptographyOf(service)),
    policies: [...service.settings.policies.keys()],
    metadata: service.metadata,
    keys: service.signingRing.keys.map(({ kid, signsFrom }) => ({ kid, signs_from: signsFrom })),
  });
}

/** GET /fido2/settings on the internal listener: fido2.json as it is in force, which the file may no longer be. */
export async function showSettings(_: Context): Promise<Outgoing> {
  return { ...json(200, {}), body: state.get('settings') ?? '' };
}

/** GET /fido2/metrics on the internal listener, in Prometheus' text format. */
export async function showMetrics(_: Context): Promise<Outgoing> {
  const names = counters().sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = names.map(([name, value]) => `ngx_fido2_events_total{event="${name}"} ${value}`);
  const head =
    '# HELP ngx_fido2_events_total What happened since nginx started.\n# TYPE ngx_fido2_events_total counter\n';
  return {
    ...json(200, {}, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' }),
    body: `${head}${lines.join('\n')}${lines.length > 0 ? '\n' : ''}`,
  };
}
