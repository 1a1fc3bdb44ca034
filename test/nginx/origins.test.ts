import { beforeAll, describe, expect, it } from 'vitest';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator, type Tamper } from '../helpers/authenticator.ts';
import { enrol, get, type HeaderValues, invite, login, post, request } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

const android = `android:apk-key-hash:${Buffer.alloc(32, 7).toString('base64url')}`;
const otherAndroid = `android:apk-key-hash:${Buffer.alloc(32, 8).toString('base64url')}`;
const ios = 'ios:bundle-id:com.example.app';
const shop = 'https://shop.example';
const partner = 'https://partner.example';

describe.runIf(await needs('nginx'))('origins', () => {
  let nginx: RunningNginx;
  let upstream: Upstream;
  let passkey: Authenticator;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({
      upstream,
      settings: (port) => ({
        rp: {
          id: 'localhost',
          origins: [android, `http://localhost:${port}`, shop, ios],
          topOrigins: [partner],
        },
      }),
    });
    passkey = new Authenticator({ origin: nginx.origin });
    await enrol(nginx, passkey, { user: 'ada', groups: ['admins'] });
  });

  interface Where {
    /** Of the options and of the result; the site's Host and no Origin where nothing is said. */
    readonly ask?: HeaderValues;
    readonly answer?: HeaderValues;
  }

  /** What became of a sign-in whose client says this: the status, and the guard in the audit log if it was refused. */
  async function signIn(clientData: Tamper['clientData'], { ask = {}, answer = {} }: Where = {}) {
    const options = await post(nginx, '/fido2/assertion/options', {}, { headers: ask });
    expect(options.status).toBe(200);
    const response = passkey.get(options.json<RequestOptionsJSON>(), { clientData: clientData ?? {} });
    const { status } = await post(nginx, '/fido2/assertion/result', response, { headers: answer });
    const { outcome, code, step } = nginx.audit().at(-1) ?? {};
    return outcome === 'refused' ? { status, code, step } : { status };
  }

  const done = { status: 200 };
  const refusedBy = (code: string, step: string) => ({ status: 401, code, step });

  describe('of an app', () => {
    it.each([android, ios])('%s may sign in', async (origin) => {
      expect(await signIn({ origin })).toEqual(done);
    });

    it('may enrol', async () => {
      const { code } = await invite(nginx, { user: 'bob' });
      const app = new Authenticator({ origin: android, rpId: 'localhost' });
      const options = await post(nginx, '/fido2/attestation/options', { invite: code });
      const response = app.create(options.json<CreationOptionsJSON>());
      expect((await post(nginx, '/fido2/attestation/result', response)).status).toBe(201);
    });

    it.each([
      otherAndroid,
      `${android}=`,
      android.slice(0, -1),
      android.toUpperCase(),
      'ios:bundle-id:com.example',
      'null',
    ])('%s may not: nobody listed it', async (origin) => {
      expect(await signIn({ origin })).toEqual(refusedBy('origin_mismatch', '7.2.12'));
    });

    it('is not what a page answers with', async () => {
      const answer = { Origin: nginx.origin };
      expect(await signIn({ origin: android }, { answer })).toEqual(refusedBy('origin_mismatch', '7.2.12'));
      expect(await signIn({ origin: nginx.origin }, { answer })).toEqual(done);
    });

    it.each([android, ios])('%s is no Origin of a request, of a script and of a connection', async (origin) => {
      const headers = { Origin: origin };
      const posted = await post(nginx, '/fido2/assertion/options', {}, { headers });
      expect([posted.status, posted.json().code]).toEqual([403, 'cross_origin']);
      const refused = await get(nginx, '/app/', { headers });
      expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, undefined]);
      const cookie = await login(nginx, passkey);
      const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade' };
      const opened = await request(nginx, { path: '/app/', cookie, headers: { ...upgrade, ...headers } });
      expect([opened.status, opened.json().code]).toEqual([403, 'cross_origin']);
    });

    it('is neither the issuer nor an address', async () => {
      const { issuer, jwks_uri } = (await get(nginx, '/.well-known/openid-configuration')).json();
      expect([issuer, jwks_uri]).toEqual([nginx.origin, `${nginx.origin}/fido2/jwks.json`]);
    });
  });

  describe('of a site of another domain', () => {
    const there = { Host: 'shop.example', Origin: shop };

    it('may sign in and is told to the upstream as it is', async () => {
      expect(await signIn({ origin: shop }, { ask: there, answer: there })).toEqual(done);
      await get(nginx, '/', { headers: { Host: 'shop.example' } });
      const { last } = upstream;
      expect([last().header('host'), last().header('x-forwarded-proto')]).toEqual(['shop.example', 'https']);
    });

    it('does not end what began at another one', async () => {
      const refused = refusedBy('challenge_invalid', '7.2.11');
      expect(await signIn({ origin: shop }, { answer: there })).toMatchObject({ status: 401, code: refused.code });
      expect(await signIn({ origin: nginx.origin }, { ask: there })).toMatchObject({ status: 401, code: refused.code });
    });

    it('does not speak for another one', async () => {
      const own = { Origin: nginx.origin };
      expect(await signIn({ origin: shop }, { ask: own, answer: own })).toEqual(refusedBy('origin_mismatch', '7.2.12'));
      expect(await signIn({ origin: nginx.origin }, { ask: there, answer: there })).toEqual(
        refusedBy('origin_mismatch', '7.2.12'),
      );
    });
  });

  describe('of the page around a frame', () => {
    it('is listed', async () => {
      expect(await signIn({ crossOrigin: true, topOrigin: partner })).toEqual(done);
    });

    it.each([
      ['another one', { crossOrigin: true, topOrigin: 'https://partner.example.evil' }],
      ['the site itself, unlisted', { crossOrigin: true, topOrigin: shop }],
      ['named of a page that is in no frame', { crossOrigin: false, topOrigin: partner }],
      ['named alone', { topOrigin: partner }],
    ])('is not, for it is %s', async (_, clientData) => {
      expect(await signIn(clientData)).toEqual(refusedBy('top_origin_mismatch', '7.2.14'));
    });

    it('is not, for the browser does not name it', async () => {
      expect(await signIn({ crossOrigin: true })).toEqual(refusedBy('cross_origin_mismatch', '7.2.13'));
    });

    it('counts at a registration too', async () => {
      const { code } = await invite(nginx, { user: 'eve' });
      const statusOf = async (clientData: Record<string, unknown>) => {
        const options = await post(nginx, '/fido2/attestation/options', { invite: code });
        const response = new Authenticator({ origin: nginx.origin }).create(options.json<CreationOptionsJSON>(), {
          clientData,
        });
        return (await post(nginx, '/fido2/attestation/result', response)).status;
      };
      expect(await statusOf({ crossOrigin: true })).toBe(400);
      expect(await statusOf({ crossOrigin: true, topOrigin: partner })).toBe(201);
    });

    it('does not make our own pages ones that may be framed', async () => {
      const { headers } = await get(nginx, '/fido2/login');
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    });
  });

  it('of a frame is refused where no page around it is listed', async () => {
    nginx.writeSettings({
      rp: { origins: [nginx.origin] },
      store: { path: nginx.data },
      policies: { user: {} },
    });
    await nginx.reload();
    expect(await signIn({ crossOrigin: true, topOrigin: partner })).toEqual(
      refusedBy('cross_origin_mismatch', '7.2.13'),
    );
    expect(await signIn({ origin: android })).toEqual(refusedBy('origin_mismatch', '7.2.12'));
    expect(await signIn({})).toEqual(done);
  });
});
