import { at, isRecord, listAt, type Manifest, membersOf, type Path, readManifests, textAt } from '../manifest.ts';
import { envoyMembers } from './envoy-members.ts';
import type { Bundle, MeshRule, Place } from './rule.ts';

const jwtFilter = 'envoy.filters.http.jwt_authn';
const rbacFilter = 'envoy.filters.http.rbac';

function* filters(bundle: Bundle): Generator<{ manifest: Manifest; path: Path; filters: readonly unknown[] }> {
  for (const { manifest, name, value, path } of envoyMembers(bundle)) {
    if (name === 'http_filters' && Array.isArray(value)) yield { manifest, path, filters: value };
  }
  for (const manifest of bundle.manifests) {
    const path = ['spec', 'default', 'appendModifications'];
    const texts = listAt(manifest.value, ...path).flatMap((each) => textAt(each, 'httpFilter', 'value') ?? []);
    const patches = texts.flatMap((text) => readManifests(manifest.file, text).manifests.map(({ value }) => value));
    if (patches.length > 0) yield { manifest, path, filters: patches };
  }
}

function isTrue(value: unknown): boolean {
  return value === true || at(value, 'value') === true;
}

export const envoyRules: readonly MeshRule[] = [
  {
    code: 'envoy_authorization_missing',
    severity: 'error',
    about: 'jwt_authn alone admits every valid token, whatever the policy says of groups.',
    fix: `put ${rbacFilter} behind it`,
    *find(bundle) {
      for (const { manifest, path, filters: all } of filters(bundle)) {
        const names = all.map((each) => textAt(each, 'name'));
        const authentication = names.indexOf(jwtFilter);
        if (authentication < 0 || names.includes(rbacFilter, authentication)) continue;
        // Kuma puts each patch first: the last one of the list is the first that runs
        if (path.includes('appendModifications') && names.includes(rbacFilter)) continue;
        yield { manifest, path, reason: 'no authorization follows the authentication' };
      }
    },
  },
  {
    code: 'fail_open',
    severity: 'error',
    about: 'When the one who is to decide does not answer, everybody passes.',
    fix: 'failOpen: false (failure_mode_allow: false)',
    *find(bundle) {
      for (const { manifest, name, value, path } of envoyMembers(bundle)) {
        if (!['failOpen', 'failure_mode_allow', 'failureModeAllow'].includes(name) || !isTrue(value)) continue;
        yield { manifest, path, reason: `${name} is true` };
      }
    },
  },
  {
    code: 'missing_token_allowed',
    severity: 'error',
    about: 'Requests without a token, or with a wrong one, pass the authentication.',
    fix: 'requires: {provider_name: NAME} alone; for Envoy Gateway jwt.optional: false',
    *find(bundle) {
      for (const { manifest, name, path, value } of envoyMembers(bundle)) {
        const lax = name === 'allow_missing' || name === 'allow_missing_or_failed';
        const optional = name === 'jwt' && isRecord(value) && value.optional === true;
        if (lax || optional) yield { manifest, path, reason: lax ? name : 'jwt.optional is true' };
      }
    },
  },
  {
    code: 'extract_without_validation',
    severity: 'error',
    about: 'Claims are read from tokens that nobody verified: everybody can write them.',
    fix: 'requires: {provider_name: NAME}',
    *find(bundle) {
      for (const { manifest, name, path } of envoyMembers(bundle)) {
        if (name === 'extract_only_without_validation') yield { manifest, path, reason: name };
      }
    },
  },
  {
    code: 'expiration_not_required',
    severity: 'warning',
    about: 'Envoy takes a token without exp for one that never ends.',
    fix: 'require_expiration: true',
    *find(bundle) {
      for (const { manifest, value, path } of providers(bundle)) {
        if (isTrue(value.require_expiration)) continue;
        yield { manifest, path, reason: 'the provider does not ask for exp' };
      }
    },
  },
  {
    code: 'envoy_header_as_security',
    severity: 'error',
    about: 'A header is whatever the caller writes: no proof of who asks.',
    fix: 'match the claims of the verified token (sourced_metadata) instead',
    *find(bundle) {
      for (const { manifest, name, value, path } of envoyMembers(bundle)) {
        if (name !== 'principals' || !Array.isArray(value)) continue;
        for (const member of membersOf(value)) {
          const header = member.name === 'header' ? textAt(member.value, 'name') : undefined;
          if (header !== undefined && !header.startsWith(':')) {
            yield { manifest, path, reason: `the principal is the header ${header}` };
          }
        }
      }
    },
  },
];

/** Providers of jwt_authn: what has an issuer and a key set in Envoy’s spelling. */
function* providers(bundle: Bundle): Generator<Place & { readonly value: Record<string, unknown> }> {
  for (const { manifest, value, path } of envoyMembers(bundle)) {
    if (isRecord(value) && ('remote_jwks' in value || 'local_jwks' in value)) {
      yield { manifest, path, value, reason: '' };
    }
  }
}
