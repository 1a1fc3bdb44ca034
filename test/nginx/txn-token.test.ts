import { createHash } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, type HeaderValues, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const txn = 'include fido2/txn.conf;';
const digestOf = (body: string): string => `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;

const forgeries: readonly HeaderValues[] = [
  { 'Txn-Token': 'forged' },
  { 'TXN-TOKEN': ['forged', 'forged'], Txn_Token: 'forged' },
  { txn_token: 'forged', Connection: 'close, Txn-Token' },
];

describe.runIf(await needs('nginx')).each(['reused', 'fresh'] as const)(
  'transaction tokens, contexts %s',
  (contexts) => {
    let nginx: RunningNginx;
    let upstream: Upstream;
    let ada: Enrolment;

    beforeAll(async () => {
      upstream = await startUpstream();
      nginx = await startNginx({
        upstream,
        contexts,
        http: 'underscores_in_headers on;',
        settings: {
          identity: { profile: 'txn', trustDomain: 'example.internal', bind: ['method', 'target', 'body'] },
          policies: { user: {} },
          workloads: { orders: { audience: 'https://orders.example', groupMap: true } },
        },
        locations: [
          gatedLocation('/txn/', 'user/orders', `${txn} client_body_buffer_size 1k;`),
          gatedLocation('/stream/', 'user', `${txn} proxy_request_buffering off;`),
          gatedLocation('/plain/', 'user', ''),
          gatedLocation('/optional/', 'user', txn).replace('authorize', 'optional'),
        ].join('\n'),
      });
      ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), {
        user: 'ada',
        groups: ['admins', 'staff'],
      });
    });

    async function verified() {
      const jwks = createLocalJWKSet((await get(nginx, '/fido2/jwks.json')).json());
      const options = {
        issuer: nginx.origin,
        audience: 'example.internal',
        typ: 'txntoken+jwt',
        algorithms: ['ES256'],
      };
      return (await jwtVerify(upstream.last().header('txn-token') ?? '', jwks, options)).payload;
    }

    it('says who, for what, in which transaction and of which request', async () => {
      const before = Math.floor(Date.now() / 1000);
      expect((await get(nginx, '/txn/a?b=%2F', { cookie: ada.cookie })).status).toBe(200);
      const claims = await verified();
      expect(claims).toMatchObject({
        sub: ada.userId,
        scope: 'user',
        req_wl: nginx.origin,
        groups: ['admins', 'staff'],
        rctx: { req_ip: '127.0.0.1', authn: 'phr' },
        tctx: { method: 'GET', target: '/txn/a?b=%2F', body: digestOf('') },
      });
      expect(claims.txn).toMatch(/^[0-9a-f]{32}$/);
      expect(Number(claims.exp) - Number(claims.iat)).toBeLessThanOrEqual(60);
      expect(claims.iat).toBeGreaterThanOrEqual(before);
    });

    it('is another one for each request, remembered decision or not', async () => {
      const seen = new Set<unknown>();
      for (const path of ['/txn/1', '/txn/2', '/txn/2']) {
        await get(nginx, path, { cookie: ada.cookie });
        const { txn: transaction, tctx } = await verified();
        expect(tctx).toMatchObject({ target: path });
        seen.add(transaction);
      }
      expect(seen.size).toBe(3);
    });

    it.each([
      ['in memory', 'amount=1'],
      ['on disk', 'x'.repeat(100_000)],
    ])('is bound to a body %s', async (_, body) => {
      const { status } = await request(nginx, { path: '/txn/pay', method: 'POST', cookie: ada.cookie, body });
      expect(status).toBe(200);
      expect((await verified()).tctx).toEqual({ method: 'POST', target: '/txn/pay', body: digestOf(body) });
      expect(upstream.last().body.toString()).toBe(body);
    });

    it('is none where nobody has read the body that it would be bound to', async () => {
      await request(nginx, { path: '/stream/', method: 'POST', cookie: ada.cookie, body: 'x'.repeat(1_000_000) });
      expect(upstream.last().body.length).toBe(1_000_000);
      expect(upstream.last().header('txn-token')).toBeUndefined();
      expect(nginx.errorLog()).toContain('the body is not buffered');
    });

    it.each(forgeries)('is never a client’s: %j', async (headers) => {
      for (const path of ['/plain/', '/open', '/app/']) {
        await request(nginx, { path, method: 'POST', cookie: ada.cookie, headers, body: 'x' });
        const names = upstream.last().headers.filter(([name]) => /^txn[-_]token$/i.test(name));
        expect([path, names]).toEqual([path, []]);
      }
      expect((await get(nginx, '/optional/', { headers })).status).toBe(200);
      expect(upstream.last().headers.filter(([name]) => /^txn[-_]token$/i.test(name))).toEqual([]);
      await get(nginx, '/txn/', { cookie: ada.cookie, headers });
      await verified();
    });

    it('leaves the identity token as it is, with the groups in a map where the workload asks for it', async () => {
      await get(nginx, '/txn/', { cookie: ada.cookie });
      const payload = JSON.parse(
        Buffer.from((upstream.last().header('fido2-identity') ?? '').split('.')[1] ?? '', 'base64url').toString(),
      );
      expect(payload).toMatchObject({
        aud: 'https://orders.example',
        groups: ['admins', 'staff'],
        grp: { admins: '1', staff: '1' },
      });
      await get(nginx, '/plain/', { cookie: ada.cookie });
      const plain = (upstream.last().header('fido2-identity') ?? '').split('.')[1] ?? '';
      expect(JSON.parse(Buffer.from(plain, 'base64url').toString())).not.toHaveProperty('grp');
    });
  },
);
