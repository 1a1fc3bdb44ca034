import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Fido2Error } from '../../errors.ts';
import { jwksOf, readSigningRing } from '../../identity/signing-keys.ts';
import { diffMesh } from '../../mesh/diff.ts';
import { lintMesh } from '../../mesh/lint/lint.ts';
import { MeshError } from '../../mesh/mesh-error.ts';
import { isMeshName, type MeshName, meshes } from '../../mesh/meshes.ts';
import { manifestText, renderMesh } from '../../mesh/render.ts';
import { parseSpiffeId } from '../../mesh/spiffe.ts';
import type { KeySource, ManifestFile, Places } from '../../mesh/target.ts';
import type { Settings } from '../../policy/settings.ts';
import type { Command, CommandOption, Input } from '../command.ts';
import { CommandError } from '../command-error.ts';
import { readMeshFiles } from '../mesh-files.ts';
import type { Answer } from '../output.ts';
import { readSettings } from '../settings-file.ts';

/** keys.publish where a document says nothing. */
const defaultPublish = 3_600_000;

const names = Object.keys(meshes).join(', ');

/** What the manifests are made of, besides fido2.json. */
const renderOptions: readonly CommandOption[] = [
  { flags: '--for <mesh>', summary: names },
  {
    flags: '--edge-spiffe <id>',
    summary: 'the SPIFFE ID of nginx (or who hands on the token), the only caller that workloads admit',
  },
  { flags: '--workload <name...>', summary: 'workloads of fido2.json; default: all' },
  { flags: '--policy <name>', summary: 'the policy of workloads whose entry names none' },
  {
    flags: '--token <kind>',
    summary: 'identity: nginx calls; txn: another workload does, and hands on the transaction token',
    default: 'identity',
  },
  {
    flags: '--jwks <how>',
    summary:
      'remote: the mesh fetches the keys; inline: they stand in the manifests, to be rendered anew each rotation',
    default: 'remote',
  },
  { flags: '--port <number>', summary: 'where the workload listens', default: '8080' },
  { flags: '--listen-port <number>', summary: 'envoy, linkerd: where the Envoy in front of it does', default: '8443' },
  { flags: '--svid <dir>', summary: 'envoy: folder of svid.pem, svid.key, bundle.pem', default: '/run/spiffe' },
  { flags: '--etc <dir>', summary: 'envoy, consul: where files will stand at the proxy', default: '/etc/envoy' },
  { flags: '--waypoint <name>', summary: 'istio-ambient: the Gateway of the namespace', default: 'waypoint' },
  { flags: '--gateway <name>', summary: 'envoy-gateway: the Gateway of the routes', default: 'fido2' },
];

export const meshCommands: readonly Command[] = [
  {
    name: 'mesh render',
    summary: 'write the manifests with which a mesh holds the policies at its workloads',
    example: 'mesh render --for istio --edge-spiffe spiffe://cluster.local/ns/edge/sa/nginx --out manifests',
    options: [...renderOptions, { flags: '--out <dir>', summary: 'folder to write to; default: standard output' }],
    run: render,
  },
  {
    name: 'mesh diff',
    parameters: ['<dir>'],
    summary: 'compare manifests, or what kubectl get -o yaml wrote, with what the policies say now',
    example: 'mesh diff --for istio --edge-spiffe spiffe://cluster.local/ns/edge/sa/nginx manifests',
    options: renderOptions,
    run: diff,
  },
  {
    name: 'mesh lint',
    parameters: ['<dir>'],
    summary: 'find what leaves workloads open in manifests that people wrote',
    example: 'mesh lint manifests',
    run: lint,
  },
];

async function render(input: Input): Promise<Answer> {
  const { mesh, files } = await rendered(input);
  const out = input.text('out');
  const json = { mesh, files: files.map((file) => ({ name: file.name, documents: file.documents })) };
  if (out === undefined) {
    const many = files.length > 1;
    const shown = files.map((file) => `${many ? `# ${file.name}\n` : ''}${manifestText(file)}`.trimEnd());
    return { json, lines: [shown.join('\n---\n')] };
  }
  const folder = resolve(out);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, file.name), manifestText(file));
  return { json, lines: files.map(({ name }) => `written: ${join(folder, name)}`) };
}

/** Refused where anything differs. */
async function diff(input: Input): Promise<Answer> {
  const { mesh, files } = await rendered(input);
  const drift = diffMesh(files, readMeshFiles(input.parameter('dir')));
  const lines = drift.map(({ what, name, file, line, detail }) => {
    const place = file === null ? '' : `${file}:${line}: `;
    return `${what}: ${place}${name}: ${detail}`;
  });
  const summary = drift.length === 0 ? 'no drift' : `${drift.length} differences`;
  return { refused: drift.length > 0, json: { mesh, drift }, lines: [...lines, summary] };
}

/** Refused with one error or more. How long keys are published before they sign is read from fido2.json, if it is there. */
async function lint(input: Input): Promise<Answer> {
  const files = readMeshFiles(input.parameter('dir'));
  const path = input.settingsPath();
  const named = input.text('config') !== undefined || input.text('data') !== undefined;
  const publish = named || existsSync(path) ? readSettings(path).settings.keys.publish : defaultPublish;
  const findings = lintMesh(files, { publish });
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const lines = findings.flatMap(({ severity, file, line, code, reason, fix }) => [
    `${severity}: ${file}:${line}: ${code}: ${reason}`,
    `hint: ${fix}`,
  ]);
  const summary = `${files.length} files, ${errors} errors, ${findings.length - errors} warnings`;
  return {
    refused: errors > 0,
    json: { ok: errors === 0, files: files.map(({ name }) => name), findings },
    lines: [...lines, `${errors === 0 ? 'ok' : 'refused'}: ${summary}`],
  };
}

/** What the document says for the mesh of --for, as files. */
async function rendered(input: Input): Promise<{ mesh: MeshName; files: ManifestFile[] }> {
  const mesh = input.text('for') ?? '';
  if (!isMeshName(mesh)) throw new CommandError('--for names no mesh that is known', `one of: ${names}`, 2);
  const { settings } = readSettings(input.settingsPath());
  const edge = edgeOf(input);
  const token = input.text('token') ?? '';
  if (token !== 'identity' && token !== 'txn') throw new CommandError('--token is identity or txn', undefined, 2);
  const keys = await keysOf(input, settings);
  const [workloads, policy] = [input.list('workload'), input.text('policy')];
  try {
    return {
      mesh,
      files: renderMesh({ settings, mesh, workloads, policy, edge, token, keys, places: placesOf(input) }),
    };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    const [first, ...others] = error.findings;
    const notes = others.map(({ message, hint }) => `${message}: ${hint}`);
    throw new CommandError(first?.message ?? error.message, first?.hint, 1, { notes, cause: error });
  }
}

function edgeOf(input: Input) {
  const example = '--edge-spiffe spiffe://cluster.local/ns/edge/sa/nginx';
  const text = input.text('edge-spiffe');
  if (text === undefined) throw new CommandError('--edge-spiffe is missing: who may call the workloads?', example, 2);
  try {
    return parseSpiffeId(text);
  } catch (error) {
    throw error instanceof Fido2Error ? new CommandError(error.message, example, 2, { cause: error }) : error;
  }
}

async function keysOf(input: Input, { identity, rp }: Settings): Promise<KeySource> {
  const how = input.text('jwks');
  if (how === 'remote') {
    const [origin = ''] = rp.origins;
    const base = identity.issuer.endsWith('/fido2') ? identity.issuer : `${origin}/fido2`;
    return { kind: 'remote', uri: `${base}/jwks.json` };
  }
  if (how !== 'inline') throw new CommandError('--jwks is remote or inline', undefined, 2);
  const ring = await readSigningRing(input.open().ports.store);
  if (ring === null) throw new CommandError('there are no token keys yet', 'nginx makes them at its first start');
  return { kind: 'inline', jwks: JSON.stringify(jwksOf(ring.value)) };
}

function placesOf(input: Input): Places {
  const port = (option: string): number => {
    const text = input.text(option) ?? '';
    const value = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > 65_535) throw new CommandError(`--${option} ${text} is no port`, undefined, 2);
    return value;
  };
  const name = (option: string, form: RegExp): string => {
    const text = input.text(option) ?? '';
    if (!form.test(text)) throw new CommandError(`--${option} ${text} is not of the form ${form.source}`, undefined, 2);
    return text;
  };
  const kubernetes = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
  const folder = /^\/[A-Za-z0-9._/-]*$/;
  return {
    port: port('port'),
    listenPort: port('listen-port'),
    svid: name('svid', folder),
    etc: name('etc', folder),
    waypoint: name('waypoint', kubernetes),
    gateway: name('gateway', kubernetes),
  };
}
