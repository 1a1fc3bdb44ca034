import { parseDuration } from '../../policy/duration.ts';
import { at, isRecord, listAt, type Manifest, membersOf, type Path, textAt } from '../manifest.ts';
import { envoyMembers } from './envoy-members.ts';
import { ofKind } from './istio-scope.ts';
import type { Bundle, MeshRule } from './rule.ts';

/** Claims of our token that are lists. */
const listClaims = ['groups', 'amr'];
const gatewayGroup = 'gateway.envoyproxy.io/';

/** Where a token is verified, in every mesh’s spelling. */
function* verifiers(bundle: Bundle): Generator<{ manifest: Manifest; path: Path; value: Record<string, unknown> }> {
  for (const manifest of bundle.manifests) {
    if (textAt(manifest.value, 'Kind') === 'jwt-provider') yield { manifest, path: [], value: manifest.value };
  }
  for (const { manifest, name, path, value } of envoyMembers(bundle)) {
    if (isRecord(value) && ('remote_jwks' in value || 'local_jwks' in value)) yield { manifest, path, value };
    if (!['jwtRules', 'providers'].includes(name) || !Array.isArray(value)) continue;
    for (const [index, each] of value.entries()) {
      if (isRecord(each) && 'issuer' in each) yield { manifest, path: [...path, index], value: each };
    }
  }
}

function intentionsWithJwt({ manifests }: Bundle): Manifest[] {
  return manifests.filter(({ value }) => {
    const intentions = value.Kind === 'service-intentions' || value.kind === 'ServiceIntentions';
    return intentions && [...membersOf(value)].some(({ name }) => name === 'JWT' || name === 'jwt');
  });
}

export const commonRules: readonly MeshRule[] = [
  {
    code: 'audience_missing',
    severity: 'error',
    about: 'A token that was made for another workload is good here too.',
    fix: 'audiences: [the workload’s audience in fido2.json]',
    *find(bundle) {
      for (const { manifest, path, value } of verifiers(bundle)) {
        const audiences = value.audiences ?? value.Audiences;
        if (!Array.isArray(audiences) || audiences.length === 0) {
          yield { manifest, path, reason: 'no audience is asked for' };
        }
      }
    },
  },
  {
    code: 'cache_slower_than_rotation',
    severity: 'error',
    about: 'A key set is remembered longer than a new key is published before it signs: new tokens are refused.',
    fix: 'a cache of at most a quarter of keys.publish in fido2.json',
    *find(bundle) {
      for (const { manifest, name, path, value } of envoyMembers(bundle)) {
        if (!['cache_duration', 'cacheDuration', 'CacheDuration'].includes(name)) continue;
        const duration = typeof value === 'string' ? parseDuration(value) : null;
        if (duration === null || duration < bundle.publish) continue;
        const reason = `the cache lasts ${value}, a key is published ${bundle.publish / 1000}s ahead`;
        yield { manifest, path, reason };
      }
    },
  },
  {
    code: 'gateway_authorization_missing',
    severity: 'error',
    about: 'A SecurityPolicy with jwt alone admits every valid token, whatever the policy says of groups.',
    fix: 'authorization: {defaultAction: Deny, rules: [..]}',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'SecurityPolicy', gatewayGroup)) {
        const authorization = at(manifest.value, 'spec', 'authorization');
        if (at(manifest.value, 'spec', 'jwt') === undefined) continue;
        if (authorization === undefined) yield { manifest, path: ['spec', 'jwt'], reason: 'there is no authorization' };
        else if (textAt(authorization, 'defaultAction') === 'Allow') {
          const path = ['spec', 'authorization', 'defaultAction'];
          yield { manifest, path, reason: 'whoever no rule speaks of is allowed' };
        }
      }
    },
  },
  {
    code: 'string_groups',
    severity: 'error',
    about:
      'Envoy Gateway compares a list with nothing unless told that it is one: a Deny never holds, an Allow never fits.',
    fix: 'valueType: StringArray',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'SecurityPolicy', gatewayGroup)) {
        for (const { name, path, value } of membersOf(at(manifest.value, 'spec', 'authorization'))) {
          if (name !== 'claims' || !Array.isArray(value)) continue;
          for (const [index, claim] of value.entries()) {
            const claimName = textAt(claim, 'name') ?? '';
            if (!listClaims.includes(claimName) || textAt(claim, 'valueType') === 'StringArray') continue;
            const place = ['spec', 'authorization', ...path, index];
            yield { manifest, path: place, reason: `${claimName} is a list` };
          }
        }
      }
    },
  },
  {
    code: 'consul_default_allow',
    severity: 'error',
    about: 'While Consul allows what no intention speaks of, it asks nobody for the token that an intention demands.',
    fix: 'default_intention_policy = "deny" in every agent’s configuration, in a file beside these',
    *find(bundle) {
      const denied = bundle.manifests.some(
        ({ value }) => value.default_intention_policy === 'deny' || at(value, 'acl', 'default_policy') === 'deny',
      );
      if (denied) return;
      for (const manifest of intentionsWithJwt(bundle)) {
        yield { manifest, path: [], reason: 'nothing here says default_intention_policy = "deny"' };
      }
    },
  },
  {
    code: 'consul_keys_unverified',
    severity: 'error',
    about: 'Consul verifies nobody whom it is not told to: whoever stands between names the keys that sign.',
    fix: 'an https URI and JWKSCluster.TLSCertificates.TrustedCA with the authority of nginx’s certificate, or Local',
    *find({ manifests }) {
      for (const manifest of manifests.filter(({ value }) => value.Kind === 'jwt-provider')) {
        const path = ['JSONWebKeySet', 'Remote'];
        const uri = textAt(manifest.value, ...path, 'URI');
        if (uri === undefined) continue;
        if (!uri.startsWith('https:')) yield { manifest, path: [...path, 'URI'], reason: 'it is fetched without TLS' };
        else if (at(manifest.value, ...path, 'JWKSCluster', 'TLSCertificates') === undefined)
          yield { manifest, path, reason: 'there is no TLSCertificates' };
      }
    },
  },
  {
    code: 'consul_list_claim',
    severity: 'error',
    about: 'Consul compares no lists: a claim that is one never matches, and nobody is admitted.',
    fix: 'name users by preferred_username, or let Envoy decide',
    *find({ manifests }) {
      for (const manifest of manifests) {
        for (const { name, path, value } of membersOf(manifest.value)) {
          if (name !== 'Path' || !Array.isArray(value) || !listClaims.includes(String(value[0]))) continue;
          yield { manifest, path, reason: `${value[0]} is a list` };
        }
      }
    },
  },
  {
    code: 'header_as_security',
    severity: 'error',
    about: 'A header is whatever the caller writes: no proof of who asks.',
    fix: 'match the claims of the verified token; where a mesh reads none (Linkerd), verify it beside the workload',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'AuthorizationPolicy')) {
        if (textAt(manifest.value, 'spec', 'action') === 'DENY') continue;
        for (const { path, value } of membersOf(at(manifest.value, 'spec'))) {
          const key = path.at(-1) === 'key' && typeof value === 'string' ? value : '';
          if (key.startsWith('request.headers['))
            yield { manifest, path: ['spec', ...path], reason: `it reads ${key}` };
        }
      }
      for (const manifest of ofKind(bundle, 'SecurityPolicy', gatewayGroup)) {
        for (const [index, rule] of listAt(manifest.value, 'spec', 'authorization', 'rules').entries()) {
          if (listAt(rule, 'principal', 'headers').length === 0 || textAt(rule, 'action') === 'Deny') continue;
          const path = ['spec', 'authorization', 'rules', index, 'principal', 'headers'];
          yield { manifest, path, reason: 'the principal is a header' };
        }
      }
      for (const manifest of ofKind(bundle, 'HTTPRoute', 'policy.linkerd.io/')) {
        for (const { name, path } of membersOf(at(manifest.value, 'spec'))) {
          if (name === 'headers') yield { manifest, path: ['spec', ...path], reason: 'the route is told by a header' };
        }
      }
    },
  },
];
