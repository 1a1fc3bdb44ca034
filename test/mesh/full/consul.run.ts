import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { at, listAt } from '../../../src/mesh/manifest.ts';
import type { KeySource } from '../../../src/mesh/target.ts';
import { cleanUp } from '../../helpers/cleanup.ts';
import { serverCertificate } from '../../helpers/server-certificate.ts';
import { waitFor } from '../../helpers/wait-for.ts';
import { compareDecisions } from '../agreement.ts';
import { jwks, places, rendered, settingsWith } from '../fixtures.ts';
import { signed, unsigned } from '../tokens.ts';
import { consulCases, consulPolicy, tokenFor } from './consul-cases.ts';
import { type ConsulRig, startConsulRig } from './consul-rig.ts';

/** Resolves when the proxy admits whom the policy admits. */
async function admits(rig: ConsulRig): Promise<void> {
  const token = await tokenFor();
  const isAdmitted = async () => (await rig.call({ token })).status === 200;
  await rig.envoy.waitFor(isAdmitted, 'the proxy to admit ana');
}

/** The rendered intentions with this change to their sources. */
function intentionsWith(change: (sources: readonly unknown[]) => unknown[]) {
  const file = rendered('consul', consulPolicy, { settings: settingsWith(consulPolicy, { groupMap: true }) }).at(-1);
  const [entry] = file?.documents ?? [];
  if (file === undefined || at(entry, 'Kind') !== 'service-intentions') throw new Error('no intentions were rendered');
  return { name: file.name, documents: [{ ...entry, Sources: change(listAt(entry, 'Sources')) }] };
}

describe('Consul with the rendered entries', () => {
  let rig: ConsulRig;
  beforeAll(async () => {
    rig = await startConsulRig(consulPolicy);
    await admits(rig);
  });

  test.each(consulCases)('%s: %s', async (_, expected, call) => {
    expect((await rig.call(await call(rig))).status ?? 'refused').toBe(expected);
  });

  test('the workload receives the token, which it may verify again', async () => {
    const token = await tokenFor();
    expect(JSON.parse((await rig.call({ token })).text)).toMatchObject({ 'fido2-identity': token });
  });

  test('a changed policy holds', async () => {
    const token = await tokenFor();
    await rig.setPolicy({ ...consulPolicy, groups: ['admins'] });
    expect((await rig.call({ token })).status).toBe(403);
    expect((await rig.call({ token: await tokenFor({ groups: ['admins'] }) })).status).toBe(200);
    await rig.setPolicy(consulPolicy);
    expect((await rig.call({ token })).status).toBe(200);
  });

  test('a condition on groups itself fits one string and no list', async () => {
    const VerifyClaims = [{ Path: ['groups'], Value: 'payments' }];
    const JWT = { Providers: [{ Name: 'fido2-payments', VerifyClaims }] };
    const Permissions = [{ Action: 'allow', HTTP: { PathPrefix: '/' }, JWT }];
    await rig.hold([intentionsWith(() => [{ Name: 'edge', Permissions }])]);
    expect((await rig.call({ token: await signed({ groups: 'payments' }) })).status).toBe(200);
    expect((await rig.call({ token: await signed({ groups: ['payments'] }) })).status).toBe(403);
    await rig.setPolicy(consulPolicy);
  });

  // it holds one in forty
  test('it and the gate decide alike in random documents', { timeout: 600_000 }, async () => {
    const runs = 40 * Number(process.env.MESH_DOCUMENTS ?? 20);
    const found = await compareDecisions(rig, 'consul', runs, { groupMap: true });
    console.log(found);
    expect(found.allowed).toBeGreaterThan(0);
    expect(found.refused).toBeGreaterThan(0);
  });
});

describe('where Consul lets the proxy fetch the key set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-keys-'));
  // of another name than the server’s, which is not compared
  const own = serverCertificate('elsewhere.example.com');
  let keys: KeySource;
  beforeAll(async () => {
    const server = createServer({ key: own.key, cert: own.certificate }, (_, response) => response.end(jwks));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanUp(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the key set has no port');
    keys = { kind: 'remote', uri: `https://localhost:${address.port}/fido2/jwks.json` };
  });

  /** A rig whose proxy trusts this authority for the key set. */
  const startWith = (name: string, root: string) => {
    const etc = join(folder, name);
    mkdirSync(etc);
    writeFileSync(join(etc, 'fido2-jwks-ca.pem'), root);
    return startConsulRig(consulPolicy, { keys, places: { ...places, etc } });
  };

  test('a good token is admitted, a forged one and the wrong group are not', async () => {
    const rig = await startWith('own', own.root);
    await admits(rig);
    expect((await rig.call({ token: unsigned() })).status).toBe(403);
    expect((await rig.call({ token: await tokenFor({ groups: ['staff'] }) })).status).toBe(403);
  });

  test('keys of a server that another authority vouches for are not taken', async () => {
    const rig = await startWith('other', serverCertificate('elsewhere.example.com').root);
    const refusals = () => rig.envoy.statistic('cluster.jwks_cluster_fido2-payments.ssl.fail_verify_error');
    await rig.envoy.waitFor(async () => (await refusals()) > 0, 'the key set to be asked for');
    expect((await rig.call({ token: await tokenFor() })).status).toBe(403);
  });
});

// why agent.json is rendered
test('without default_intention_policy = "deny" the same entries ask for no token', async () => {
  const rig = await startConsulRig(consulPolicy, { hasAgentFile: false });
  await admits(rig);
  const statuses = async () => [(await rig.call({})).status, (await rig.call({ token: unsigned() })).status];
  expect(await statuses()).toEqual([200, 200]);
  expect(await rig.envoy.statistic('http.public_listener.jwt_authn.allowed')).toBeGreaterThan(0);
  // and to deny everybody else helps against everybody else alone
  const other = await rig.svidOf('other');
  await rig.hold([intentionsWith((sources) => [...sources, { Name: '*', Action: 'deny' }])]);
  await waitFor(async () => (await rig.call({ svid: other })).status === 403, 'others to be refused');
  expect(await statuses()).toEqual([200, 200]);
});
