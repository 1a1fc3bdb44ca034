import { at, listAt, type Manifest, textAt } from '../manifest.ts';
import { covers, namespaceOf } from '../selection.ts';
import { actionOf, asksForToken, isAmbient, ofKind, readsHttp } from './istio-scope.ts';
import type { Bundle, MeshRule, Place } from './rule.ts';

const twentyMinutes = 1_200_000;

function rulesOf({ value }: Manifest): { rule: unknown; path: (string | number)[] }[] {
  return listAt(value, 'spec', 'rules').map((rule, index) => ({ rule, path: ['spec', 'rules', index] }));
}

/** The ALLOW policies that decide where a RequestAuthentication stands. */
function allowing(bundle: Bundle, authentication: Manifest): Manifest[] {
  return ofKind(bundle, 'AuthorizationPolicy').filter(
    (policy) => actionOf(policy) === 'ALLOW' && covers(policy, authentication),
  );
}

/** A DENY of whoever has no principal of a token does what an ALLOW does. */
function deniesWithoutToken(bundle: Bundle, authentication: Manifest): boolean {
  return ofKind(bundle, 'AuthorizationPolicy').some(
    (policy) =>
      actionOf(policy) === 'DENY' &&
      covers(policy, authentication) &&
      rulesOf(policy).some(
        ({ rule }) =>
          at(rule, 'to') === undefined &&
          at(rule, 'when') === undefined &&
          listAt(rule, 'from').some((each) => listAt(each, 'source', 'notRequestPrincipals').includes('*')),
      ),
  );
}

export const istioRules: readonly MeshRule[] = [
  {
    code: 'authorization_missing',
    severity: 'error',
    about: 'A RequestAuthentication refuses wrong tokens only: a request without a token passes.',
    fix: 'add an AuthorizationPolicy for the same workload that asks for requestPrincipals',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'RequestAuthentication')) {
        if (allowing(bundle, manifest).length > 0 || deniesWithoutToken(bundle, manifest)) continue;
        yield { manifest, path: ['spec'], reason: 'no AuthorizationPolicy here asks for the token' };
      }
    },
  },
  {
    code: 'token_not_required',
    severity: 'error',
    about: 'One rule that asks for no token is enough to let requests without one pass, whatever the others ask.',
    fix: 'add source.requestPrincipals, or a condition on request.auth.claims, to the rule',
    *find(bundle) {
      const seen = new Set<unknown>();
      for (const authentication of ofKind(bundle, 'RequestAuthentication')) {
        if (deniesWithoutToken(bundle, authentication)) continue;
        for (const manifest of allowing(bundle, authentication)) {
          for (const { rule, path } of rulesOf(manifest)) {
            if (asksForToken(rule) || seen.has(rule)) continue;
            seen.add(rule);
            yield { manifest, path, reason: 'this rule allows requests without a token' };
          }
        }
      }
    },
  },
  {
    code: 'caller_not_named',
    severity: 'warning',
    about: 'Whoever got hold of a token may call the workload past the edge.',
    fix: 'name the edge: source.principals: [cluster.local/ns/edge/sa/nginx]',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'AuthorizationPolicy')) {
        if (actionOf(manifest) !== 'ALLOW') continue;
        for (const { rule, path } of rulesOf(manifest)) {
          const sources = listAt(rule, 'from');
          const named = sources.length > 0 && sources.every((each) => listAt(each, 'source', 'principals').length > 0);
          if (asksForToken(rule) && !named) yield { manifest, path, reason: 'the rule names no caller' };
        }
      }
    },
  },
  {
    code: 'selector_on_waypoint',
    severity: 'error',
    about: 'A waypoint passes over every policy that has a selector: all it asks is asked of nobody.',
    fix: 'replace selector by targetRefs: [{group: "", kind: Service, name: NAME}]',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'RequestAuthentication')) {
        yield* selected(bundle, manifest);
      }
      for (const manifest of ofKind(bundle, 'AuthorizationPolicy')) {
        const http = rulesOf(manifest).some(({ rule }) => readsHttp(rule));
        if (actionOf(manifest) !== 'DENY' && http) yield* selected(bundle, manifest);
      }
    },
  },
  {
    code: 'http_deny_in_ambient',
    severity: 'error',
    about: 'ztunnel sees no HTTP: a DENY on paths, methods, headers or tokens does nothing there.',
    fix: 'attach the policy to the waypoint with targetRefs',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'AuthorizationPolicy')) {
        if (actionOf(manifest) !== 'DENY' || hasTargets(manifest)) continue;
        if (!isAmbient(bundle, namespaceOf(manifest))) continue;
        for (const { rule, path } of rulesOf(manifest)) {
          if (readsHttp(rule)) yield { manifest, path, reason: 'the rule reads HTTP, and no waypoint holds it' };
        }
      }
    },
  },
  {
    code: 'plain_text_accepted',
    severity: 'error',
    about: 'Without mutual TLS the caller’s identity is unknown, and tokens travel in the clear.',
    fix: 'mtls: {mode: STRICT}',
    *find(bundle) {
      for (const manifest of ofKind(bundle, 'PeerAuthentication')) {
        const mode = textAt(manifest.value, 'spec', 'mtls', 'mode');
        if (mode !== 'PERMISSIVE' && mode !== 'DISABLE') continue;
        yield { manifest, path: ['spec', 'mtls', 'mode'], reason: `the mode is ${mode}` };
      }
    },
  },
  {
    code: 'istio_slower_than_rotation',
    severity: 'error',
    about: 'Istio fetches key sets every 20 minutes, and not for an unknown key: new tokens are refused until then.',
    fix: 'keys.publish of fido2.json: 1h; or render with --jwks inline',
    *find(bundle) {
      if (bundle.publish > twentyMinutes) return;
      for (const manifest of ofKind(bundle, 'RequestAuthentication')) {
        for (const [index, rule] of listAt(manifest.value, 'spec', 'jwtRules').entries()) {
          if (textAt(rule, 'jwksUri') === undefined) continue;
          const path = ['spec', 'jwtRules', index, 'jwksUri'];
          yield { manifest, path, reason: `a key signs ${bundle.publish / 1000}s after it was published` };
        }
      }
    },
  },
];

function hasTargets({ value }: Manifest): boolean {
  return at(value, 'spec', 'targetRef') !== undefined || listAt(value, 'spec', 'targetRefs').length > 0;
}

function* selected(bundle: Bundle, manifest: Manifest): Generator<Place> {
  if (at(manifest.value, 'spec', 'selector') === undefined || !isAmbient(bundle, namespaceOf(manifest))) return;
  yield { manifest, path: ['spec', 'selector'], reason: 'the namespace is ambient, and the policy has a selector' };
}
