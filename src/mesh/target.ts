import type { Conditions } from './conditions.ts';
import type { SpiffeId } from './spiffe.ts';

/** Where a mesh finds the keys that verify tokens. */
export type KeySource =
  | { readonly kind: 'inline'; readonly jwks: string }
  | { readonly kind: 'remote'; readonly uri: string };

/** One workload, all that its manifests are made of. Durations are milliseconds. */
export interface MeshTarget {
  readonly workload: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly policy: string;
  readonly conditions: Conditions;
  readonly issuer: string;
  readonly audience: string;
  /** The header that carries the token. */
  readonly header: string;
  /** Whether the token has the groups in a map besides. */
  readonly groupMap: boolean;
  readonly keys: KeySource;
  /** Life of a token. */
  readonly ttl: number;
  /** How long a key is published before it signs. */
  readonly publish: number;
  /** The only caller. */
  readonly edge: SpiffeId;
  readonly places: Places;
}

/** What the policy document does not say of a workload’s surroundings. */
export interface Places {
  /** Where the workload listens. */
  readonly port: number;
  /** Where an Envoy in front of it listens. */
  readonly listenPort: number;
  /** Folder of svid.pem, svid.key and bundle.pem, as Envoy sees it. */
  readonly svid: string;
  /** Folder of the rendered files, as Envoy sees it. */
  readonly etc: string;
  /** Name of the Gateway that is the namespace’s waypoint. */
  readonly waypoint: string;
  /** Name of the Gateway that Envoy Gateway runs. */
  readonly gateway: string;
}

/** A file to install: its documents stand in it in this order. */
export interface ManifestFile {
  /** Without a folder. */
  readonly name: string;
  readonly documents: readonly Readonly<Record<string, unknown>>[];
}

/** What callers bring: the token that nginx makes for this workload, or the one that workloads hand on to each other. */
export type TokenKind = 'identity' | 'txn';

/** The header that carries each. */
export const tokenHeaders = { identity: 'Fido2-Identity', txn: 'Txn-Token' } as const satisfies Record<
  TokenKind,
  string
>;

/** The methods that Gateway API and Consul know. */
export const knownMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** How far clocks may be apart, in seconds. */
export const clockSkew = 5;

/** Kubernetes’ metadata of what belongs to a workload. */
export function metadataOf({ workload, namespace }: MeshTarget, name = workload) {
  return { name: `fido2-${name}`, namespace, labels: { 'app.kubernetes.io/managed-by': 'ngx-fido2' } };
}

/** A duration as protobuf’s JSON writes it. */
export function seconds(milliseconds: number): string {
  return `${Math.floor(milliseconds / 1000)}s`;
}

/** How long a key set may be remembered, so that a new key is known well before it signs. */
export function cacheDuration({ publish }: MeshTarget): number {
  return Math.min(300_000, publish / 4);
}
