import { at, isRecord } from '../../../src/mesh/manifest.ts';
import { manifestText, type RenderRequest } from '../../../src/mesh/render.ts';
import { parseSpiffeId } from '../../../src/mesh/spiffe.ts';
import type { ManifestFile } from '../../../src/mesh/target.ts';
import { runEnvoy } from '../../helpers/envoy.ts';
import { freePort } from '../../helpers/free-port.ts';
import type { Svid } from '../../helpers/svid.ts';
import { rendered, settingsWith } from '../fixtures.ts';
import { callProxy, type MeshRig, startWorkload } from '../rig.ts';
import { type Consul, startConsul } from './consul.ts';

export interface ConsulRig extends Pick<MeshRig, 'envoy' | 'setPolicy' | 'call'> {
  /** Writes those entries that are not in force, one by one, and resolves when the proxy holds them. */
  hold(files: readonly ManifestFile[]): Promise<void>;
  svidOf(service: string): Promise<Svid>;
}

/** Consul and a stock Envoy beside the workload, with what `--for consul` renders: `agent.json` too, unless it is left out. */
export async function startConsulRig(
  policy: object,
  { hasAgentFile = true, ...changes }: Partial<RenderRequest> & { readonly hasAgentFile?: boolean } = {},
): Promise<ConsulRig> {
  const [port, listenPort] = [await startWorkload(), await freePort()];
  const files = (wanted: object, given: Partial<RenderRequest>) =>
    rendered('consul', wanted, { settings: settingsWith(wanted, { groupMap: true }), ...given });
  const isForAgents = ({ name }: ManifestFile) => name === 'agent.json';
  const agentFiles = hasAgentFile ? files(policy, changes).filter(isForAgents) : [];
  const consul = await startConsul(services(port, listenPort), agentFiles);
  const { svid: edge, id } = await consul.leafOf('edge');
  const entries = (wanted: object, given: Partial<RenderRequest>) =>
    files(wanted, { edge: parseSpiffeId(id), ...given }).filter((file) => !isForAgents(file));
  const inForce = new Map<string, string>();
  const write = async (file: ManifestFile) => {
    await consul.write(file);
    inForce.set(file.name, manifestText(file));
  };
  for (const file of entries(policy, changes)) await write(file);
  const bootstrap = await bootstrapOf(consul);
  const envoy = await runEnvoy(() => bootstrap);
  const onWorkers = () => envoy.statistic('listener_manager.listener_create_success');
  const hold = async (wanted: readonly ManifestFile[]) => {
    for (const file of wanted) {
      if (inForce.get(file.name) === manifestText(file)) continue;
      const before = await onWorkers();
      await write(file);
      await envoy.waitFor(async () => {
        if ((await envoy.statistic('listener_manager.lds.update_rejected')) > 0)
          throw new Error(`Envoy refused the listeners:\n${envoy.log()}`);
        return (await onWorkers()) > before;
      }, `the proxy to hold ${file.name}`);
    }
  };
  return {
    envoy,
    hold,
    setPolicy: (wanted, given = changes) => hold(entries(wanted, given)),
    call: (call) => callProxy(call, { port: listenPort, edge, authority: consul.authority }),
    svidOf: async (service) => (await consul.leafOf(service)).svid,
  };
}

/** The workload with its proxy, which would listen on every address, and the callers. */
function services(port: number, listenPort: number): object[] {
  const proxy = { local_service_address: '127.0.0.1', config: { bind_address: '127.0.0.1' } };
  const payments = { name: 'payments', port, connect: { sidecar_service: { port: listenPort, proxy } } };
  return [payments, ...['edge', 'edge2', 'other'].map((name) => ({ name, port: 1 }))];
}

/** Without the administration port, which is the same for every proxy. */
async function bootstrapOf(consul: Consul): Promise<object> {
  const args = ['connect', 'envoy', '-sidecar-for', 'payments', '-bootstrap', '-ignore-envoy-compatibility'];
  const bootstrap: unknown = JSON.parse(await consul.command(...args));
  if (!isRecord(bootstrap) || at(bootstrap, 'node') === undefined) throw new Error('Consul made no bootstrap');
  return Object.fromEntries(Object.entries(bootstrap).filter(([name]) => name !== 'admin'));
}
