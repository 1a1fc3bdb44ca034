import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { nodeIdentityPorts } from '../../src/cli/installation.ts';
import { nodeSubtle } from '../../src/cli/runtime.ts';
import { generateSigningKey } from '../../src/crypto/sign.ts';
import { ensureSigningRing } from '../../src/identity/signing-keys.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { edgeId } from './fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'fido2-mesh-'));
cleanUp(() => rmSync(folder, { recursive: true, force: true }));
const config = join(folder, 'fido2.json');
const out = join(folder, 'out');
const document = (policy: object) => ({
  rp: { origins: ['https://app.example.com'] },
  store: { path: 'store' },
  policies: { payers: policy },
  workloads: {
    payments: { audience: 'https://payments.example.com', policy: 'payers', namespace: 'pay', labels: { app: 'pay' } },
  },
});
const write = (policy: object) => writeFileSync(config, JSON.stringify(document(policy)));
const mesh = (command: string, ...args: string[]) => ngxFido2(['mesh', command, '--config', config, ...args]);
const istio = ['--for', 'istio', '--edge-spiffe', edgeId];

beforeAll(async () => {
  await buildCommand();
  mkdirSync(join(folder, 'store'), { mode: 0o700 });
});

test('render, lint and diff fit together', async () => {
  write({ groups: ['payments'] });
  const rendering = await mesh('render', ...istio, '--out', out);
  expect(rendering).toMatchObject({ status: 0, stderr: '' });
  expect(readdirSync(out)).toEqual(['payments.yaml']);
  expect(readFileSync(join(out, 'payments.yaml'), 'utf8')).toContain(
    'jwksUri: https://app.example.com/fido2/jwks.json',
  );
  expect(await mesh('lint', out)).toMatchObject({ status: 0, stdout: 'ok: 1 files, 0 errors, 0 warnings\n' });
  expect(await mesh('diff', ...istio, out)).toMatchObject({ status: 0, stdout: 'no drift\n' });

  write({ groups: ['admins'] });
  const differing = await mesh('diff', ...istio, out);
  expect(differing.status).toBe(1);
  expect(differing.stdout).toContain('spec.rules.0.when.2.values.0: "payments", not "admins"');
  expect(JSON.parse((await mesh('diff', ...istio, '--json', out)).stdout).drift).toHaveLength(1);
});

test('a finding makes lint refuse, and says where and what helps', async () => {
  const file = join(folder, 'open.yaml');
  writeFileSync(file, 'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nspec:\n  mtls: {mode: DISABLE}\n');
  const { status, stdout } = await mesh('lint', file);
  expect(status).toBe(1);
  expect(stdout.split('\n').slice(0, 2)).toEqual([
    `error: ${file}:4: plain_text_accepted: the mode is DISABLE`,
    'hint: mtls: {mode: STRICT}',
  ]);
});

test('what the mesh cannot hold writes nothing and names the nearest that works', async () => {
  write({ groups: ['payments'], maxAge: '5m' });
  const { status, stdout, stderr } = await mesh('render', ...istio, '--out', join(folder, 'none'));
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain('error: policy "payers" has maxAge, which Istio cannot express for workload "payments"');
  expect(stderr).toContain('hint: a mesh cannot compare auth_time with its clock');
  expect(readdirSync(folder)).not.toContain('none');
});

test('keys of the store stand inline', async () => {
  write({});
  expect((await mesh('render', ...istio, '--jwks', 'inline')).stderr).toContain('there are no token keys yet');
  const schedule = { publish: 1, rotate: 2, retire: 1 };
  const { store } = nodeIdentityPorts(join(folder, 'store'));
  const { value } = await ensureSigningRing(store, Date.now(), schedule, () => generateSigningKey(nodeSubtle));
  const { status, stdout } = await mesh('render', ...istio, '--jwks', 'inline');
  expect(status).toBe(0);
  expect(stdout).toContain(value.keys[0]?.kid);
  expect(stdout).not.toContain(value.keys[0]?.privateJwk.d);
});

test.each([
  [['render'], '--for names no mesh'],
  [['render', '--for', 'nomad'], '--for names no mesh'],
  [['render', '--for', 'istio'], '--edge-spiffe is missing'],
  [['render', '--for', 'istio', '--edge-spiffe', 'nginx'], 'is no SPIFFE ID'],
  [['render', ...istio, '--port', '0'], '--port 0 is no port'],
  [['render', ...istio, '--waypoint', 'a b'], '--waypoint a b'],
  [['render', ...istio, '--token', 'both'], '--token is identity or txn'],
  [['render', ...istio, '--jwks', 'none'], '--jwks is remote or inline'],
])('wrong usage: %j', async ([command = '', ...args], message) => {
  write({});
  const { status, stderr } = await mesh(command, ...args);
  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test('a folder that is not there, or empty, is no folder without findings', async () => {
  mkdirSync(join(folder, 'empty'));
  expect(await mesh('lint', join(folder, 'empty'))).toMatchObject({ status: 1 });
  expect(await mesh('lint', join(folder, 'nowhere'))).toMatchObject({ status: 1 });
});
