import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RenderRequest } from '../../src/mesh/render.ts';
import { needs } from '../helpers/needs.ts';
import { createSvid } from '../helpers/svid.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { policy } from './cases.ts';
import { startEnvoyRig } from './envoy-rig.ts';
import { settingsWith } from './fixtures.ts';
import { type Issuer, startIssuer } from './issuer.ts';
import { startSidecarRig } from './istio-rig.ts';
import { type MeshRig, workloadId } from './rig.ts';

/** Hours in the product; the mesh’s caches are as much shorter. */
const schedule = { publish: 6000, rotate: 7000, retire: 3000 };

const hasEnvoy = await needs('envoy');
const hasIstio = hasEnvoy && (await needs('mesh tools'));

// Envoy fetches the key set itself; Istio does it for its sidecars, and remembers
const meshes = [
  ['envoy', startEnvoyRig, hasEnvoy, 401],
  ['sidecar', startSidecarRig, hasIstio, 200],
] as const;

describe.each(meshes)('keys of %s', (_, start, isThere, startedInVain) => {
  describe.runIf(isThere)('fetched from the edge', () => {
    let rig: MeshRig;
    let issuer: Issuer;
    beforeAll(async () => {
      issuer = await startIssuer(schedule);
      const settings = settingsWith(policy);
      const changes: Partial<RenderRequest> = { settings: { ...settings, keys: schedule }, keys: issuer.keys };
      rig = await start(policy, changes);
      await waitFor(isAdmitted, 'the first key to be known');
    });

    const status = async (token?: string) => (await rig.call({ token: token ?? (await issuer.token()) })).status;
    const isAdmitted = async () => (await status()) === 200;

    /** Statuses of constant load while something happens. */
    async function underLoad(happens: () => Promise<void>): Promise<Map<number | null, number>> {
      const seen = new Map<number | null, number>();
      let stop = false;
      const load = Array.from({ length: 4 }, async () => {
        while (!stop) {
          const got = await status();
          seen.set(got, (seen.get(got) ?? 0) + 1);
        }
      });
      try {
        await happens();
      } finally {
        stop = true;
        await Promise.all(load);
      }
      return seen;
    }

    test('no request is refused while two keys take over', async () => {
      const before = issuer.signers.size;
      const seen = await underLoad(async () => {
        await waitFor(async () => {
          await issuer.advance();
          return issuer.signers.size >= before + 2;
        }, 'two more keys');
      });
      expect([...seen.keys()]).toEqual([200]);
      expect(seen.get(200)).toBeGreaterThan(100);
    });

    test('no request is refused while the workload’s certificate is renewed', async () => {
      const token = await issuer.token();
      const serials = new Set([(await rig.call({ token })).peerSerial]);
      const seen = await underLoad(async () => {
        for (let renewal = 1; renewal <= 3; renewal += 1) {
          rig.renew(createSvid(rig.authority, workloadId));
          await waitFor(async () => serials.add((await rig.call({ token })).peerSerial).size > renewal, 'its use');
        }
      });
      expect([...seen.keys()]).toEqual([200]);
    });

    test('what was known stays in force while the edge does not answer, and nothing else', async () => {
      issuer.isDown = true;
      try {
        const before = await issuer.token();
        await issuer.revoke();
        // some times as long as a cache
        await sleep(4000);
        expect(await status(before)).toBe(200);
        expect(await status()).toBe(401);
      } finally {
        issuer.isDown = false;
      }
      await waitFor(isAdmitted, 'the new key to be known');
    });

    test('a revoked key ends with the cache, tokens and all', async () => {
      const before = await issuer.token();
      expect(await status(before)).toBe(200);
      await issuer.revoke();
      await waitFor(async () => (await status(before)) === 401, 'the end of its tokens');
      await waitFor(isAdmitted, 'the new key to be known');
      expect(await status(before)).toBe(401);
    });

    test('after a crash it decides as before', async () => {
      await rig.envoy.restart();
      await waitFor(isAdmitted, 'it to admit again');
      expect(await status('')).toBe(401);
    });

    test('started while the edge does not answer', async () => {
      issuer.isDown = true;
      try {
        await rig.envoy.restart();
        await waitFor(async () => (await status()) === startedInVain, `it to answer ${startedInVain}`);
      } finally {
        issuer.isDown = false;
      }
      await waitFor(isAdmitted, 'it to admit again');
    });
  });
});
