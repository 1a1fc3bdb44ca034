import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey, importSigningKey } from '../../src/crypto/sign.ts';
import { makeIdentityToken } from '../../src/identity/identity-token.ts';
import { jwksOf, withNewKey } from '../../src/identity/signing-keys.ts';
import type { MeshName } from '../../src/mesh/meshes.ts';
import { type RenderRequest, renderMesh } from '../../src/mesh/render.ts';
import { parseSpiffeId } from '../../src/mesh/spiffe.ts';
import type { ManifestFile } from '../../src/mesh/target.ts';
import { parseSettings, type Settings } from '../../src/policy/settings.ts';

export const issuer = 'https://app.example.com';
export const audience = 'https://payments.example.com';
export const edgeId = 'spiffe://cluster.local/ns/edge/sa/nginx';
export const consulEdgeId = 'spiffe://11111111-2222-3333-4444-555555555555.consul/ns/default/dc/dc1/svc/edge';

const schedule = { publish: 3_600_000, rotate: 86_400_000, retire: 3_600_000 };

/** The key that signs, and its set. */
export const key = await generateSigningKey(nodeSubtle);
export const signingKey = await importSigningKey(nodeSubtle, key);
export const jwks = JSON.stringify(jwksOf(withNewKey(null, key, 0, schedule)));

/** A document with the workload `payments` under this policy. */
export function settingsWith(policy: object, workload: object = {}): Settings {
  const document = {
    rp: { origins: [issuer] },
    policies: { payers: policy },
    workloads: {
      payments: { audience, policy: 'payers', namespace: 'payments', labels: { app: 'payments' }, ...workload },
    },
  };
  return parseSettings(JSON.stringify(document)).settings;
}

export const places = {
  port: 8080,
  listenPort: 8443,
  svid: '/run/spiffe',
  etc: '/etc/envoy',
  waypoint: 'waypoint',
  gateway: 'fido2',
};

/** What the mesh gets for that policy; the keys stand inline. */
export function rendered(mesh: MeshName, policy: object, changes: Partial<RenderRequest> = {}): ManifestFile[] {
  return renderMesh({
    settings: settingsWith(policy),
    mesh,
    workloads: [],
    policy: undefined,
    edge: parseSpiffeId(mesh === 'consul' ? consulEdgeId : edgeId),
    keys: { kind: 'inline', jwks },
    places,
    ...changes,
  });
}

export interface Person {
  readonly name: string;
  readonly groups: readonly string[];
  readonly userVerified: boolean;
}

/** The token that the gate makes for this person now. */
export function tokenOf(
  { name, groups, userVerified }: Person,
  changes: { audience?: string; now?: number; groupMap?: boolean } = {},
) {
  const now = changes.now ?? Date.now();
  return makeIdentityToken(signingKey, {
    user: {
      v: 1,
      id: 'AAAAAAAAAAAAAAAAAAAAAA',
      name,
      displayName: name,
      groups,
      disabled: false,
      created: 0,
      credentials: [],
    },
    session: { id: 'session' },
    authentication: { time: Math.floor(now / 1000) - 60, userVerified },
    issuer,
    audience: changes.audience ?? audience,
    scope: null,
    groupMap: changes.groupMap ?? false,
    life: 120_000,
    id: 'jti',
    now,
  });
}
