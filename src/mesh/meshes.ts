import { inexpressibleWithoutAccount, renderCilium } from './cilium.ts';
import type { Inexpressible } from './conditions.ts';
import { inexpressibleInConsul, renderConsul } from './consul.ts';
import { renderEnvoy } from './envoy.ts';
import { inexpressibleInEnvoyGateway, renderEnvoyGateway } from './envoy-gateway.ts';
import { inexpressibleInIstio, renderIstio, renderIstioAmbient } from './istio.ts';
import { renderKuma } from './kuma.ts';
import { renderLinkerd } from './linkerd.ts';
import type { ManifestFile, MeshTarget } from './target.ts';

/** One row of the table of meshes. */
export interface Mesh {
  /** As people call it. */
  readonly title: string;
  /** What the workload’s entry must say, for manifests select by it. */
  readonly needs: readonly ('namespace' | 'labels')[];
  /** What this mesh cannot hold, besides what none can. */
  inexpressible(target: MeshTarget): readonly Inexpressible[];
  render(target: MeshTarget): readonly ManifestFile[];
}

const everything = (): Inexpressible[] => [];
const both = ['namespace', 'labels'] as const;

/** By the name that --for takes. */
export const meshes = {
  istio: { title: 'Istio', needs: both, inexpressible: inexpressibleInIstio, render: renderIstio },
  'istio-ambient': {
    title: 'Istio in ambient mode',
    needs: both,
    inexpressible: inexpressibleInIstio,
    render: renderIstioAmbient,
  },
  envoy: { title: 'Envoy', needs: [], inexpressible: everything, render: renderEnvoy },
  'envoy-gateway': {
    title: 'Envoy Gateway',
    needs: ['namespace'],
    inexpressible: inexpressibleInEnvoyGateway,
    render: renderEnvoyGateway,
  },
  consul: { title: 'Consul', needs: [], inexpressible: inexpressibleInConsul, render: renderConsul },
  kuma: { title: 'Kuma', needs: both, inexpressible: everything, render: renderKuma },
  cilium: { title: 'Cilium', needs: both, inexpressible: inexpressibleWithoutAccount, render: renderCilium },
  linkerd: { title: 'Linkerd', needs: both, inexpressible: inexpressibleWithoutAccount, render: renderLinkerd },
} as const satisfies Readonly<Record<string, Mesh>>;

export type MeshName = keyof typeof meshes;

export function isMeshName(name: string): name is MeshName {
  return Object.hasOwn(meshes, name);
}
