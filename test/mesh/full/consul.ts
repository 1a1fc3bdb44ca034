import { type ChildProcess, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listAt, textAt } from '../../../src/mesh/manifest.ts';
import { manifestText } from '../../../src/mesh/render.ts';
import type { ManifestFile } from '../../../src/mesh/target.ts';
import { cleanUp } from '../../helpers/cleanup.ts';
import { runProgram } from '../../helpers/command.ts';
import { freePort } from '../../helpers/free-port.ts';
import { meshTools } from '../../helpers/mesh-tools.ts';
import type { Svid } from '../../helpers/svid.ts';
import { waitFor } from '../../helpers/wait-for.ts';

/** A server agent of Consul, without ACLs. */
export interface Consul {
  /** What is said on standard output; throws what is said against the command. */
  command(...args: readonly string[]): Promise<string>;
  /** `consul config write`. */
  write(file: ManifestFile): Promise<void>;
  /** The certificate that Consul gives a service, and its SPIFFE ID. */
  leafOf(service: string): Promise<{ readonly svid: Svid; readonly id: string }>;
  /** The root of these certificates. */
  readonly authority: { readonly certificate: Uint8Array };
}

/** Starts Consul on the loopback interface; `files` stand in its configuration besides. Resolves when it has its authority. */
export async function startConsul(services: readonly object[], files: readonly ManifestFile[]): Promise<Consul> {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-consul-'));
  const ports = {
    http: await freePort(),
    grpc: await freePort(),
    server: await freePort(),
    serf_lan: await freePort(),
  };
  const configuration = {
    node_name: 'test',
    data_dir: join(folder, 'data'),
    server: true,
    bootstrap: true,
    bind_addr: '127.0.0.1',
    client_addr: '127.0.0.1',
    ports: { ...ports, https: -1, grpc_tls: -1, dns: -1, serf_wan: -1 },
    performance: { raft_multiplier: 1 },
    connect: { enabled: true },
    disable_update_check: true,
    log_level: 'warn',
    services,
  };
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const paths = [
    write('base.json', JSON.stringify(configuration)),
    ...files.map((file) => write(file.name, manifestText(file))),
  ];
  const program = join(await meshTools('consul'), 'consul');
  const args = ['agent', ...paths.map((path) => `-config-file=${path}`)];
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const keep = (text: unknown) => {
    said += text;
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  cleanUp(async () => {
    if (!hasEnded()) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true, force: true });
  });
  const get = async (path: string): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${ports.http}/v1${path}`);
    if (!answer.ok) throw new Error(`Consul answers ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const rootOf = async (): Promise<string> => {
    if (hasEnded()) throw new Error(`Consul has ended:\n${said.slice(-3000)}`);
    // refused until it listens, an error until it leads
    const answer = await get('/agent/connect/ca/roots').catch(() => null);
    return textAt(listAt(answer, 'Roots')[0], 'RootCert') ?? '';
  };
  await waitFor(
    async () => (await rootOf()) !== '',
    'Consul',
    () => said.slice(-3000),
    100,
  );
  const env = { CONSUL_HTTP_ADDR: `127.0.0.1:${ports.http}`, CONSUL_GRPC_ADDR: `127.0.0.1:${ports.grpc}` };
  const command = async (...words: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await runProgram([program, ...words], { env });
    if (status !== 0) throw new Error(`consul ${words.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  return {
    command,
    write: async (file) => {
      await command('config', 'write', write(file.name, manifestText(file)));
    },
    leafOf: async (service) => {
      const leaf = await get(`/agent/connect/ca/leaf/${service}`);
      const svid = { certificate: textAt(leaf, 'CertPEM') ?? '', key: textAt(leaf, 'PrivateKeyPEM') ?? '' };
      return { svid, id: textAt(leaf, 'ServiceURI') ?? '' };
    },
    authority: { certificate: new X509Certificate(await rootOf()).raw },
  };
}
