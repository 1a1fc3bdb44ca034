import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { beforeAll, describe, expect, test } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type CertificateAuthority, createAuthority } from '../helpers/certificates.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { type Enrolment, enrol, get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { pem } from '../helpers/server-certificate.ts';
import { callWorkload, createSvid, type Svid } from '../helpers/svid.ts';
import { verifyIdentity } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type EdgeRig, startEdgeRig, workloadHost, workloadId } from './edge-rig.ts';
import { edgeId } from './fixtures.ts';

const gated = (path: string, more: string, target: string) => `location ${path} {
            auth_request /fido2/authorize/payers/payments;
            include fido2/upstream.conf;
            ${more}
            proxy_pass https://${target}$fido2_deny;
        }`;

describe.runIf((await needs('nginx')) && (await needs('envoy')))('nginx at the edge of a mesh', () => {
  let rig: EdgeRig;
  let ana: Enrolment;
  let bob: Enrolment;
  const reached: string[] = [];

  beforeAll(async () => {
    const authority = createAuthority('cluster.local');
    const named = `proxy_ssl_name ${workloadHost};`;
    const uriOnly = await startWorkload(authority, createSvid(authority, workloadId), reached);
    const other = createAuthority('cluster.local');
    const foreign = await startWorkload(authority, createSvid(other, workloadId, [workloadHost]), reached);
    rig = await startEdgeRig({
      authority,
      locations: (port) =>
        [
          gated('/another-name/', 'include fido2/svid.conf; proxy_ssl_name orders.orders.svc;', `127.0.0.1:${port}`),
          gated('/no-name/', `include fido2/svid.conf; ${named}`, `127.0.0.1:${uriOnly}`),
          gated('/spiffe-name/', `include fido2/svid.conf; proxy_ssl_name ${workloadId};`, `127.0.0.1:${uriOnly}`),
          gated('/other-authority/', `include fido2/svid.conf; ${named}`, `127.0.0.1:${foreign}`),
          gated('/without-svid/', '', `127.0.0.1:${port}`),
        ].join('\n        '),
    });
    const { nginx } = rig;
    ana = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ana', groups: ['payments'] });
    bob = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'bob' });
  });

  /** The token that the gate makes for ana. */
  async function tokenOfAna(): Promise<string> {
    expect((await get(rig.nginx, '/pay/', { cookie: ana.cookie })).status).toBe(200);
    return rig.workload.last().header('fido2-identity') ?? '';
  }

  test('who may reach the workload, with the identity that Envoy has verified', async () => {
    const token = await tokenOfAna();
    const { payload } = await verifyIdentity(rig.nginx, token, { audience: 'https://payments.example.com' });
    expect(payload).toMatchObject({ preferred_username: 'ana', groups: ['payments'] });
    expect((await get(rig.nginx, '/pay/', { cookie: bob.cookie })).status).toBe(403);
    expect((await get(rig.nginx, '/pay/')).status).toBe(401);
  });

  test.each<[who: string, expected: number | null, svid: (authority: CertificateAuthority) => Svid | null]>([
    ['nobody', null, () => null],
    ['the edge’s ID of another authority', null, () => createSvid(createAuthority('cluster.local'), edgeId)],
    ['another workload', 403, (authority) => createSvid(authority, 'spiffe://cluster.local/ns/shop/sa/shop')],
  ])('a good token does not help past the edge: %s', async (_, expected, svid) => {
    const before = rig.workload.arrived.length + 1;
    const headers = { 'Fido2-Identity': await tokenOfAna() };
    const { port, authority } = rig;
    expect((await callWorkload({ port, authority, svid: svid(authority), headers })).status).toBe(expected);
    expect(rig.workload.arrived.length).toBe(before);
  });

  test.each([
    ['has another DNS name', '/another-name/'],
    ['has a SPIFFE ID and no DNS name', '/no-name/'],
    ['has no DNS name, asked by its SPIFFE ID', '/spiffe-name/'],
    ['comes of another authority', '/other-authority/'],
  ])('tells no workload a token whose certificate %s', async (_, path) => {
    const before = rig.workload.arrived.length;
    expect((await get(rig.nginx, path, { cookie: ana.cookie })).status).toBe(502);
    expect(rig.workload.arrived.length).toBe(before);
    expect(reached).toEqual([]);
  });

  test('without its certificate nginx does not get in', async () => {
    const before = rig.workload.arrived.length;
    expect((await get(rig.nginx, '/without-svid/', { cookie: ana.cookie })).status).toBeGreaterThanOrEqual(400);
    expect(rig.workload.arrived.length).toBe(before);
  });

  test('renews both certificates under load without losing a request', async () => {
    const { nginx, renewEdge, renewWorkload } = rig;
    const statuses = new Map<number, number>();
    let stop = false;
    const load = Array.from({ length: 6 }, async () => {
      while (!stop) {
        const { status } = await get(nginx, '/pay/', { cookie: ana.cookie });
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    });
    const renewals = 3;
    for (let i = 0; i < renewals; i++) {
      const before = serialsSeen(rig).size;
      renewEdge();
      renewWorkload();
      await nginx.reload();
      await waitFor(() => serialsSeen(rig).size > before, 'Envoy to see the new certificate');
    }
    stop = true;
    await Promise.all(load);
    expect([...statuses.keys()]).toEqual([200]);
    expect(serialsSeen(rig).size).toBeGreaterThan(renewals);
  });

  test('a certificate whose key is missing leaves the old one in force', async () => {
    const before = serialsSeen(rig).size;
    rig.breakEdge();
    await expect(rig.nginx.reload()).rejects.toThrow('keeps its old configuration');
    expect((await get(rig.nginx, '/pay/', { cookie: ana.cookie })).status).toBe(200);
    expect(serialsSeen(rig).size).toBe(before);
    rig.renewEdge();
    await rig.nginx.reload();
    expect((await get(rig.nginx, '/pay/', { cookie: ana.cookie })).status).toBe(200);
  });
});

/** Envoy writes its log now and then; what is in it is enough. */
function serialsSeen({ accessLog }: EdgeRig): Set<string> {
  const lines = existsSync(accessLog) ? readFileSync(accessLog, 'utf8').trim().split('\n') : [];
  return new Set(lines.flatMap((line) => (/ 200$/.test(line) ? [line.split(' ')[0] ?? ''] : [])));
}

/** A workload with this certificate; notes what reached it. */
async function startWorkload(authority: CertificateAuthority, svid: Svid, reached: string[]): Promise<number> {
  const tls = { cert: svid.certificate, key: svid.key, ca: pem(authority.certificate), requestCert: true };
  const server = createServer(tls, (request, response) => {
    reached.push(JSON.stringify(request.headers));
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUp(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the workload has no port');
  return address.port;
}
