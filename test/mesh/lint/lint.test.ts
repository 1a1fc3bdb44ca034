import { describe, expect, test } from 'vitest';
import { lintMesh, meshRules } from '../../../src/mesh/lint/lint.ts';
import { type MeshName, meshes } from '../../../src/mesh/meshes.ts';
import { manifestText } from '../../../src/mesh/render.ts';
import { issuer, rendered } from '../fixtures.ts';

const hour = 3_600_000;

function codesOf(text: string, publish = hour): string[] {
  return lintMesh([{ name: 'x.yaml', text }], { publish }).map(({ code, line }) => `${code}:${line}`);
}

const authentication = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: a, namespace: orders}
spec:
  selector: {matchLabels: {app: orders}}
  jwtRules:
  - issuer: https://i
    audiences: [orders]
    jwks: '{}'
`;
const policy = (spec: string) => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: p, namespace: orders}
spec:
${spec}`;
const selector = '  selector: {matchLabels: {app: orders}}\n';
const named = '    - source: {principals: [c/ns/e/sa/n], requestPrincipals: ["https://i/*"]}\n';
const allow = policy(`${selector}  rules:\n  - from:\n${named}`);
const ambient = `---
apiVersion: v1
kind: Namespace
metadata: {name: orders, labels: {istio.io/dataplane-mode: ambient}}
`;
const securityPolicy = (spec: string) => `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: {name: s}
spec:
${spec}`;
const provider = '{name: p, issuer: https://i, audiences: [a], localJWKS: {type: Inline, inline: "{}"}}';
const gatewayRule = (claim: string) =>
  securityPolicy(
    `  jwt: {providers: [${provider}]}\n  authorization:\n    defaultAction: Deny\n    rules:\n    - action: Allow\n      principal:\n        jwt: {provider: p, claims: [${claim}]}\n`,
  );
const intentions = `Kind: service-intentions
Name: orders
Sources: [{Name: edge, Permissions: [{Action: allow, JWT: {Providers: [{Name: p, VerifyClaims: [{Path: [sub], Value: x}]}]}}]}]
`;
const keysOfConsul = (uri: string, cluster = '{TLSCertificates: {TrustedCA: {Filename: f}}}') =>
  `Kind: jwt-provider\nIssuer: i\nAudiences: [a]\nJSONWebKeySet:\n  Remote: {URI: "${uri}", JWKSCluster: ${cluster}}\n`;
const envoyFilters = (jwt: string, rest = '') =>
  `http_filters:\n- name: envoy.filters.http.jwt_authn\n  typed_config: ${jwt}\n${rest}`;
const goodJwt = '{providers: {p: {issuer: i, audiences: [a], local_jwks: {}, require_expiration: true}}}';
const rbac = '- name: envoy.filters.http.rbac\n  typed_config: {}\n';
const kumaPatch = (values: string[]) => `apiVersion: kuma.io/v1alpha1
kind: MeshProxyPatch
metadata: {name: m}
spec:
  default:
    appendModifications:
${values.map((value) => `    - httpFilter: {operation: AddFirst, value: ${JSON.stringify(`${value}\n`)}}\n`).join('')}`;

/** What is found, with its line, and the near miss that is right. */
const cases: readonly [code: string, bad: string, line: number, good: string][] = [
  ['authorization_missing', authentication, 5, authentication + allow],
  [
    'authorization_missing',
    authentication + allow.replace('app: orders', 'app: other'),
    5,
    authentication + allow.replace(selector, '  selector: {matchLabels: {}}\n'),
  ],
  [
    'authorization_missing',
    authentication + allow.replace('namespace: orders', 'namespace: other'),
    5,
    authentication +
      policy(`${selector}  action: DENY\n  rules:\n  - from:\n    - source: {notRequestPrincipals: ["*"]}\n`),
  ],
  [
    'token_not_required',
    `${authentication}${allow}  - to:\n    - operation: {paths: ["/public"]}\n`,
    19,
    `${authentication}${allow}  - from:\n${named}    to:\n    - operation: {paths: ["/public"]}\n`,
  ],
  [
    'token_not_required',
    authentication +
      policy(`${selector}  rules:\n  - when:\n    - {key: "request.auth.claims[groups]", notValues: [a]}\n`),
    17,
    authentication + allow,
  ],
  ['caller_not_named', authentication + allow.replace('principals: [c/ns/e/sa/n], ', ''), 17, authentication + allow],
  [
    'selector_on_waypoint',
    authentication + allow + ambient,
    5,
    (authentication + allow).replaceAll(selector, '  targetRefs: [{kind: Service, group: "", name: orders}]\n') +
      ambient,
  ],
  [
    'selector_on_waypoint',
    authentication +
      allow +
      '---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: waypoint, namespace: orders}\nspec: {gatewayClassName: istio-waypoint}\n',
    5,
    authentication + allow,
  ],
  [
    'http_deny_in_ambient',
    policy(`${selector}  action: DENY\n  rules:\n  - to:\n    - operation: {methods: [DELETE]}\n`) + ambient,
    9,
    policy(`${selector}  action: DENY\n  rules:\n  - to:\n    - operation: {ports: ["80"]}\n`) + ambient,
  ],
  [
    'plain_text_accepted',
    'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nspec: {mtls: {mode: PERMISSIVE}}\n',
    3,
    'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nspec: {mtls: {mode: STRICT}}\n',
  ],
  ['envoy_authorization_missing', envoyFilters(goodJwt), 2, envoyFilters(goodJwt, rbac)],
  [
    'envoy_authorization_missing',
    `http_filters:\n${rbac}${envoyFilters(goodJwt).replace('http_filters:\n', '')}`,
    2,
    envoyFilters(goodJwt, rbac),
  ],
  [
    'envoy_authorization_missing',
    kumaPatch([`name: envoy.filters.http.jwt_authn\ntyped_config: ${goodJwt}`]),
    7,
    kumaPatch([
      'name: envoy.filters.http.rbac\ntyped_config: {}',
      `name: envoy.filters.http.jwt_authn\ntyped_config: ${goodJwt}`,
    ]),
  ],
  ['fail_open', securityPolicy('  extAuth: {failOpen: true}\n'), 5, securityPolicy('  extAuth: {failOpen: false}\n')],
  [
    'fail_open',
    'http_filters:\n- typed_config:\n    failure_mode_allow: true\n',
    3,
    'http_filters:\n- typed_config:\n    failure_mode_allow: false\n',
  ],
  [
    'missing_token_allowed',
    envoyFilters('{rules: [{requires: {allow_missing_or_failed: {}}}]}', rbac),
    3,
    envoyFilters('{rules: [{requires: {provider_name: p}}]}', rbac),
  ],
  [
    'missing_token_allowed',
    gatewayRule('{name: iss, values: [i]}').replace('jwt: {providers', 'jwt: {optional: true, providers'),
    5,
    gatewayRule('{name: iss, values: [i]}'),
  ],
  [
    'extract_without_validation',
    envoyFilters('{rules: [{requires: {extract_only_without_validation: {}}}]}', rbac),
    3,
    envoyFilters('{rules: [{requires: {provider_name: p}}]}', rbac),
  ],
  [
    'expiration_not_required',
    envoyFilters(goodJwt.replace(', require_expiration: true', ''), rbac),
    3,
    envoyFilters(goodJwt, rbac),
  ],
  [
    'envoy_header_as_security',
    'rules: {policies: {p: {principals: [{header: {name: x-user, present_match: true}}]}}}\n',
    1,
    'rules: {policies: {p: {principals: [{any: true}], permissions: [{header: {name: ":method"}}]}}}\n',
  ],
  ['audience_missing', (authentication + allow).replace('    audiences: [orders]\n', ''), 7, authentication + allow],
  ['audience_missing', envoyFilters(goodJwt.replace('audiences: [a], ', ''), rbac), 3, envoyFilters(goodJwt, rbac)],
  [
    'audience_missing',
    'Kind: jwt-provider\nName: p\nIssuer: i\n',
    1,
    'Kind: jwt-provider\nName: p\nIssuer: i\nAudiences: [a]\n',
  ],
  [
    'cache_slower_than_rotation',
    'Kind: jwt-provider\nAudiences: [a]\nJSONWebKeySet: {Remote: {CacheDuration: 1h}}\n',
    3,
    'Kind: jwt-provider\nAudiences: [a]\nJSONWebKeySet: {Remote: {CacheDuration: 900s}}\n',
  ],
  [
    'gateway_authorization_missing',
    securityPolicy(`  jwt: {providers: [${provider}]}\n`),
    5,
    gatewayRule('{name: iss, values: [i]}'),
  ],
  [
    'gateway_authorization_missing',
    gatewayRule('{name: iss, values: [i]}').replace('defaultAction: Deny', 'defaultAction: Allow'),
    7,
    gatewayRule('{name: iss, values: [i]}'),
  ],
  [
    'string_groups',
    gatewayRule('{name: groups, values: [a]}'),
    11,
    gatewayRule('{name: groups, valueType: StringArray, values: [a]}'),
  ],
  ['consul_default_allow', intentions, 1, `${intentions}---\ndefault_intention_policy: deny\n`],
  [
    'consul_default_allow',
    `${intentions}---\ndefault_intention_policy: allow\n`,
    1,
    `${intentions}---\nacl: {default_policy: deny}\n`,
  ],
  ['consul_keys_unverified', keysOfConsul('https://a/jwks.json', '{}'), 5, keysOfConsul('https://a/jwks.json')],
  ['consul_keys_unverified', keysOfConsul('http://a/jwks.json'), 5, keysOfConsul('https://a/jwks.json')],
  [
    'consul_list_claim',
    `${intentions.replace('Path: [sub]', 'Path: [groups]')}---\ndefault_intention_policy: deny\n`,
    3,
    `${intentions}---\ndefault_intention_policy: deny\n`,
  ],
  [
    'header_as_security',
    authentication +
      policy(
        `${selector}  rules:\n  - from:\n${named}    when:\n    - {key: "request.headers[x-user]", values: [a]}\n`,
      ),
    20,
    authentication +
      policy(
        `${selector}  rules:\n  - from:\n${named}    when:\n    - {key: "request.auth.claims[sub]", values: [a]}\n`,
      ),
  ],
  [
    'header_as_security',
    gatewayRule('{name: iss, values: [i]}').replace(
      'principal:\n',
      'principal:\n        headers: [{name: x, values: [y]}]\n',
    ),
    11,
    gatewayRule('{name: iss, values: [i]}'),
  ],
  [
    'header_as_security',
    'apiVersion: policy.linkerd.io/v1beta3\nkind: HTTPRoute\nspec: {rules: [{matches: [{headers: [{name: x}]}]}]}\n',
    3,
    'apiVersion: policy.linkerd.io/v1beta3\nkind: HTTPRoute\nspec: {rules: [{matches: [{method: GET}]}]}\n',
  ],
];

describe('each rule finds', () => {
  test.each(cases)('%s', (code, bad, line, good) => {
    expect(codesOf(bad)).toContain(`${code}:${line}`);
    expect(codesOf(good).filter((each) => each.startsWith(`${code}:`))).toEqual([]);
  });

  test('istio_slower_than_rotation', () => {
    const remote = authentication.replace("jwks: '{}'", 'jwksUri: https://i/jwks.json') + allow;
    expect(codesOf(remote, 600_000)).toEqual(['istio_slower_than_rotation:9']);
    expect(codesOf(remote)).toEqual([]);
    expect(codesOf(authentication + allow, 600_000)).toEqual([]);
  });

  test('and every rule has a case', () => {
    const tried = new Set([...cases.map(([code]) => code), 'istio_slower_than_rotation']);
    expect(meshRules.map(({ code }) => code).filter((code) => !tried.has(code))).toEqual([]);
  });
});

test('the near misses are free of other findings', () => {
  for (const text of [authentication + allow, gatewayRule('{name: iss, values: [i]}'), envoyFilters(goodJwt, rbac)]) {
    expect(codesOf(text)).toEqual([]);
  }
});

test.each(Object.keys(meshes) as MeshName[])('%s: what is rendered has no finding', (mesh) => {
  const policyOf =
    mesh === 'consul' ? { users: ['ana'], userVerification: false } : { groups: ['a'], deny: { groups: ['b'] } };
  for (const keys of [
    { kind: 'inline', jwks: '{"keys":[]}' },
    { kind: 'remote', uri: `${issuer}/fido2/jwks.json` },
  ] as const) {
    const files = rendered(mesh, policyOf, { keys }).map((file) => ({ name: file.name, text: manifestText(file) }));
    expect(lintMesh(files, { publish: hour })).toEqual([]);
  }
});

test('a dump of a cluster is read object by object, and its lines are right', () => {
  const list =
    'apiVersion: v1\nkind: List\nitems:\n- apiVersion: security.istio.io/v1\n  kind: PeerAuthentication\n  spec:\n    mtls:\n      mode: DISABLE\n';
  expect(codesOf(list)).toEqual(['plain_text_accepted:8']);
  expect(
    codesOf(
      JSON.stringify(
        {
          kind: 'List',
          items: [
            { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', spec: { mtls: { mode: 'DISABLE' } } },
          ],
        },
        null,
        2,
      ),
    ),
  ).toHaveLength(1);
});

test('what is no YAML is an error, not nothing', () => {
  expect(codesOf('a: [')[0]).toMatch(/^unreadable:/);
});
