import { connect } from 'node:http2';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { cookieName, type Enrolment, enrol, get, type HeaderValues } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx')).each(['njs', 'qjs'] as const)(
  'what the upstream receives, gate on %s',
  (engine) => {
    let nginx: RunningNginx;
    let upstream: Upstream;
    let ada: Enrolment;
    let ours: string;

    beforeAll(async () => {
      upstream = await startUpstream();
      nginx = await startNginx({
        ...{ engine, upstream },
        http: 'underscores_in_headers on; ignore_invalid_headers off;',
        locations: `http2 on; ${gatedLocation('/optional/', 'user').replace('/authorize/', '/optional/')}`,
      });
      ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
      ours = `${cookieName}=${ada.cookie}`;
    });

    async function cookieAfter(path: string, cookie: string | readonly string[]): Promise<string | undefined> {
      expect((await get(nginx, path, { headers: { Cookie: cookie } })).status).toBe(200);
      return upstream.last().header('cookie');
    }

    const sent: readonly (readonly [string, (ours: string) => string | readonly string[], string | undefined])[] = [
      ['ours alone', (it) => it, undefined],
      ['ours first', (it) => `${it}; a=1; b=2`, 'a=1; b=2'],
      ['ours between', (it) => `a=1; ${it}; b=2`, 'a=1; b=2'],
      ['ours last', (it) => `a=1; b=2; ${it}`, 'a=1; b=2'],
      ['no blanks', (it) => `a=1;${it};b=2`, 'a=1;b=2'],
      ['quotes, equals signs and commas', (it) => `q="x y"; ${it}; e=a=b=c,d`, 'q="x y"; e=a=b=c,d'],
      ['two header lines', (it) => ['a=1', it], 'a=1'],
      ['two header lines, ours first', (it) => [it, 'a=1'], 'a=1'],
      ['empty ones', (it) => `; a=1;; ${it};; b=2;`, '; a=1;;; b=2;'],
      ['a name that ends like ours', (it) => `x${cookieName}=1; ${it}`, `x${cookieName}=1`],
      ['a value that names ours', (it) => `${it}; a=${cookieName}=zz`, `a=${cookieName}=zz`],
      ['ours in lower case, which is another one', (it) => `__host-fido2=1; ${it}`, '__host-fido2=1'],
    ];

    it.each(sent)('forwards every cookie but ours: %s', async (_, make, expected) => {
      expect(await cookieAfter('/app/', make(ours))).toBe(expected);
      expect(await cookieAfter('/open', make(ours))).toBe(expected);
      expect(await cookieAfter('/optional/', make(ours))).toBe(expected);
    });

    it.each([
      ['in one line', (it: string) => `${it}; ${it}`],
      ['the good one first', (it: string) => `${it}; ${cookieName}=x`],
      ['the good one last', (it: string) => `${cookieName}=x; ${it}`],
      ['in two lines', (it: string) => [it, it]],
      ['an empty one', (it: string) => `${it}; ${cookieName}=`],
      ['no blank', (it: string) => `${it};${it}`],
      ['a tab', (it: string) => `a=1;\t${it};\t${it}`],
    ])('refuses our cookie twice: %s', async (_, make) => {
      const before = upstream.arrived.length;
      expect((await get(nginx, '/app/', { headers: { Cookie: make(ours) } })).status).toBe(401);
      expect(upstream.arrived.length).toBe(before);
      await get(nginx, '/open', { headers: { Cookie: make(ours) } });
      expect(JSON.stringify(upstream.last().headers)).not.toContain(ada.cookie);
      expect((await get(nginx, '/optional/', { headers: { Cookie: make(ours) } })).status).toBe(200);
      expect(upstream.last().header('fido2-identity')).toBeUndefined();
      expect(JSON.stringify(upstream.last().headers)).not.toContain(ada.cookie);
    });

    it.each([[['a=1', 'OURS', 'b=2']], [['OURS', 'a=1', 'b=2']], [['a=1', 'b=2', 'OURS']]])(
      'takes the crumbs of HTTP/2: %j',
      async (crumbs) => {
        const session = connect(`http://127.0.0.1:${nginx.port}`);
        const cookie = crumbs.map((crumb) => (crumb === 'OURS' ? ours : crumb));
        const status = await new Promise((resolve, reject) => {
          const stream = session.request({ ':path': '/app/', ':authority': `localhost:${nginx.port}`, cookie });
          stream.on('response', (headers) => resolve(headers[':status']));
          stream.on('error', reject);
          stream.resume().end();
        });
        session.close();
        expect(status).toBe(200);
        expect(upstream.last().header('cookie')).toBe('a=1; b=2');
      },
    );

    const forged: HeaderValues = {
      'Fido2-Identity': ['forged', 'forged too'],
      'fido2-identity': 'forged',
      'FIDO2-IDENTITY': 'forged',
      Fido2_Identity: 'forged',
      fido2_identity: 'forged',
    };

    it.each(['/app/', '/open', '/optional/'])('removes every spelling of the identity header at %s', async (path) => {
      await get(nginx, path, { headers: forged });
      await get(nginx, path, { headers: { ...forged, Cookie: ours } });
      const names = upstream.last().headers.map(([name]) => name.toLowerCase().replaceAll('_', '-'));
      expect(names.filter((name) => name === 'fido2-identity')).toHaveLength(path === '/open' ? 0 : 1);
      expect(JSON.stringify(upstream.last().headers)).not.toContain('forged');
      if (path !== '/open') await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    });

    it('cannot be talked out of the identity header by Connection', async () => {
      await get(nginx, '/app/', { headers: { Cookie: ours, Connection: 'close, Fido2-Identity, Cookie' } });
      await verifyIdentity(nginx, upstream.last().header('fido2-identity'));
    });

    it.each(['/app/', '/open'])('tells host, scheme and address itself at %s', async (path) => {
      await get(nginx, path, {
        headers: {
          Host: 'evil.example',
          Cookie: ours,
          'X-Forwarded-Host': 'evil.example',
          'X-Forwarded-Proto': 'https',
          'X-Forwarded-For': '203.0.113.9',
          'X-Forwarded-Port': '1',
          'X-Forwarded-Prefix': '/evil',
          'X-Forwarded-Uri': '/evil',
          'X-Real-IP': '203.0.113.9',
          'X-Original-URL': '/evil',
          'X-Rewrite-URL': '/evil',
          Forwarded: 'for=203.0.113.9',
        },
      });
      const arrived = upstream.last();
      const host = `localhost:${nginx.port}`;
      expect(arrived.header('host')).toBe(host);
      expect(arrived.header('x-forwarded-host')).toBe(host);
      expect(arrived.header('x-forwarded-proto')).toBe('http');
      expect(arrived.header('x-forwarded-for')).toBe('127.0.0.1');
      expect(arrived.header('x-real-ip')).toBe('127.0.0.1');
      expect(JSON.stringify(arrived.headers)).not.toMatch(/evil|203\.0\.113/);
    });
  },
);
