import { Fido2Error } from '../errors.ts';

/** An identity of a workload, `spiffe://TRUST-DOMAIN/PATH`. */
export interface SpiffeId {
  readonly text: string;
  readonly trustDomain: string;
  /** Begins with a slash. */
  readonly path: string;
}

const form = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/[A-Za-z0-9._-]+)+)$/;

/** Reads an identity by the rules of SPIFFE-ID, section 2. Throws `malformed`. */
export function parseSpiffeId(text: string): SpiffeId {
  const [, trustDomain, path] = (text.length <= 2048 ? form.exec(text) : null) ?? [];
  if (
    trustDomain === undefined ||
    path === undefined ||
    path.split('/').some((part) => part === '.' || part === '..')
  ) {
    throw new Fido2Error(
      'malformed',
      `"${text}" is no SPIFFE ID with a path, such as spiffe://cluster.local/ns/edge/sa/nginx`,
    );
  }
  return { text, trustDomain, path };
}

/** Namespace and service account of an identity that Kubernetes’ meshes give, or null for any other. */
export function serviceAccountOf({ path }: SpiffeId): { readonly namespace: string; readonly name: string } | null {
  const [, namespace, name] = /^\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(path) ?? [];
  return namespace === undefined || name === undefined ? null : { namespace, name };
}

/** The service of an identity that Consul gives, or null for any other. */
export function consulServiceOf({ path }: SpiffeId): string | null {
  return /^\/ns\/default\/dc\/[^/]+\/svc\/([^/]+)$/.exec(path)?.[1] ?? null;
}
