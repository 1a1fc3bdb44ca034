import type { Policy } from '../policy/rules.ts';
import type { Settings, Workload } from '../policy/settings.ts';
import { conditionsOf, type Inexpressible, inexpressibleAnywhere, inexpressibleWithTxn } from './conditions.ts';
import { MeshError, type MeshFinding } from './mesh-error.ts';
import { type Mesh, type MeshName, meshes } from './meshes.ts';
import type { SpiffeId } from './spiffe.ts';
import {
  type KeySource,
  type ManifestFile,
  type MeshTarget,
  type Places,
  type TokenKind,
  tokenHeaders,
} from './target.ts';
import { toYaml } from './yaml.ts';

export interface RenderRequest {
  readonly settings: Settings;
  readonly mesh: MeshName;
  /** Empty: every workload of the document. */
  readonly workloads: readonly string[];
  /** The policy of workloads whose entry names none. */
  readonly policy: string | undefined;
  /** The only caller: nginx, or with transaction tokens the workload that hands them on. */
  readonly edge: SpiffeId;
  /** Default: identity. */
  readonly token?: TokenKind;
  readonly keys: KeySource;
  readonly places: Places;
}

/**
 * The files of one mesh. Throws MeshError with all that the mesh cannot express: a manifest admits exactly whom the
 * policy admits, or there is none.
 */
export function renderMesh(request: RenderRequest): ManifestFile[] {
  const { settings, mesh: name } = request;
  const mesh: Mesh = meshes[name];
  const wanted = request.workloads.length > 0 ? request.workloads : [...settings.workloads.keys()];
  const findings: MeshFinding[] = [];
  if (wanted.length === 0) {
    const hint = '"workloads": {"payments": {"audience": "https://payments.example.com", ..}}';
    findings.push({ workload: '', message: 'the document names no workload', hint });
  }
  const targets = wanted.map((workload) => targetOf(request, mesh, workload, findings));
  if (findings.length > 0) throw new MeshError(findings);
  const files = new Map<string, ManifestFile>();
  for (const target of targets) {
    for (const file of target === null ? [] : mesh.render(target)) {
      // what several workloads share stands there once
      const same = files.get(file.name);
      if (same !== undefined && manifestText(same) !== manifestText(file)) {
        const message = `two workloads would write ${file.name}, each something else`;
        findings.push({ workload: target?.workload ?? '', message, hint: 'render them one by one, with --workload' });
      }
      files.set(file.name, file);
    }
  }
  if (findings.length > 0) throw new MeshError(findings);
  return [...files.values()];
}

/** The text of a file: JSON for a name that ends so, else YAML. */
export function manifestText({ name, documents }: ManifestFile): string {
  if (name.endsWith('.json')) return documents.map((each) => `${JSON.stringify(each, null, 2)}\n`).join('');
  return documents.map((each) => toYaml(each)).join('---\n');
}

/** Null with a finding, or more than one. */
function targetOf(request: RenderRequest, mesh: Mesh, workload: string, findings: MeshFinding[]): MeshTarget | null {
  const { settings, edge, token = 'identity', keys, places } = request;
  const report = (message: string, hint: string) => findings.push({ workload, message, hint });
  const entry = settings.workloads.get(workload);
  if (entry === undefined) {
    report(`there is no workload "${workload}"`, `the document has: ${[...settings.workloads.keys()].join(', ')}`);
    return null;
  }
  const found = policyOf(request, entry);
  if (typeof found === 'string') {
    report(`workload "${workload}": ${found}`, 'name it by workloads.NAME.policy, or leave that out and give --policy');
    return null;
  }
  for (const member of mesh.needs) {
    if (entry[member] !== undefined) continue;
    report(`workload "${workload}" has no ${member}, by which ${mesh.title} selects it`, example[member]);
  }
  if (mesh.needs.length > 0 && !objectName.test(workload)) {
    report(`workload "${workload}" is no name that Kubernetes takes`, 'name it by a-z 0-9 and - alone');
  }
  const target: MeshTarget = {
    workload,
    namespace: entry.namespace ?? '',
    labels: entry.labels ?? {},
    policy: found.name,
    conditions: conditionsOf(found.policy),
    issuer: settings.identity.issuer,
    audience: token === 'txn' ? settings.identity.trustDomain : entry.audience,
    header: tokenHeaders[token],
    groupMap: token === 'identity' && entry.groupMap === true,
    keys,
    ttl: settings.identity.ttl,
    publish: settings.keys.publish,
    edge,
    places,
  };
  const words = (rule: Inexpressible['rule']): string => {
    if (rule === 'edge') return `${edge.text} is no identity that ${mesh.title} tells callers by`;
    if (rule === 'audience') return `workload "${workload}" has an audience that ${mesh.title} cannot express`;
    return `policy "${found.name}" has ${rule}, which ${mesh.title} cannot express for workload "${workload}"`;
  };
  const inexpressible = [
    ...inexpressibleAnywhere(found.policy),
    ...(token === 'txn' ? inexpressibleWithTxn(found.policy) : []),
    ...mesh.inexpressible(target),
  ];
  for (const { rule, nearest } of inexpressible) {
    report(words(rule), nearest);
  }
  return target;
}

/** With what manifests put around it, at most 63 characters (RFC 1123). */
const objectName = /^[a-z]([a-z0-9-]{0,34}[a-z0-9])?$/;

const example = { namespace: '"namespace": "payments"', labels: '"labels": {"app": "payments"}' };

function policyOf(
  { settings, policy: named }: RenderRequest,
  entry: Workload,
): string | { name: string; policy: Policy } {
  if (entry.policy !== undefined && named !== undefined && named !== entry.policy) {
    return `its entry names the policy "${entry.policy}", --policy "${named}"`;
  }
  const name = entry.policy ?? named;
  if (name === undefined) return 'its entry names no policy';
  const policy = settings.policies.get(name);
  return policy === undefined ? `there is no policy "${name}"` : { name, policy };
}
