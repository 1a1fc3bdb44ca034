import { beforeAll, describe, expect, it } from 'vitest';
import { safeReturnTo } from '../../src/nginx/return-to.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get, login, loginAnswer } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream } from '../helpers/upstream.ts';
import { sendRaw } from './raw-request.ts';

const hostile = [
  ...[
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\\/evil.example',
    '\\/evil.example',
  ],
  ...['https://evil.example', 'https:evil.example', 'http:/evil.example', 'javascript:alert(1)', 'data:text/html,x'],
  ...['/%2fevil.example', '/%2Fevil.example', '/%5cevil.example', '/%5Cevil.example', '%2f%2fevil.example'],
  ...['/\t/evil.example', '/%09/evil.example', '\t//evil.example', ' //evil.example', '%20//evil.example', '/\n/evil'],
  ...['/x%0d%0aSet-Cookie:%20a=1', '/x\r\nSet-Cookie: a=1', '/%00', '/x\u0085', '/x%C2%85', '/\u007f'],
  ...['.evil.example', '@evil.example', '//user@evil.example', 'evil.example', '', 'localhost.evil.example'],
  ...['/fido2', '/fido2/logout', '/fido2/login?return_to=/fido2/login', '/%66ido2/login', '/fido2?x', '/fido2#x'],
  `/${'a'.repeat(5000)}`,
];
const honest = [
  '/app/x',
  '/app/x?a=1&b=%2F%2F',
  '/app/?next=//x',
  '/fido2x',
  '/a//b',
  '/%C3%A9?q=a%20b',
  '/#part',
  '/%',
];

describe.runIf(await needs('nginx'))('case 14: open redirects', () => {
  let nginx: RunningNginx;
  let passkey: Authenticator;

  beforeAll(async () => {
    nginx = await startNginx({ upstream: await startUpstream() });
    passkey = new Authenticator({ origin: nginx.origin });
    await enrol(nginx, passkey, { user: 'ada' });
  });

  it.each(hostile)('case 14: %j leads to the site', async (returnTo) => {
    expect((await loginAnswer(nginx, passkey, { returnTo })).json().return_to).toBe('/');
    const page = await get(nginx, `/fido2/login?return_to=${encodeURIComponent(returnTo)}`);
    expect(page.status).toBe(200);
    expect(page.text).not.toContain('evil.example');
    expect(page.headers['set-cookie']).toBeUndefined();
  });

  it.each(honest)('case 14: %j is kept', async (returnTo) => {
    expect((await loginAnswer(nginx, passkey, { returnTo })).json().return_to).toBe(returnTo);
  });

  it('case 14: whatever is kept, a browser resolves it to this origin', () => {
    for (const returnTo of [...hostile, ...honest]) {
      expect(new URL(safeReturnTo(returnTo), nginx.origin).origin).toBe(nginx.origin);
    }
  });

  it.each(['//evil.example/app/../app/x', '/app//evil.example', '/app/\\evil.example', '/app/%0d%0aX:1', '/app/@evil'])(
    'case 14: the gate sends a navigation to %j to the login page of this origin only',
    async (target) => {
      const lines = ['Sec-Fetch-Mode: navigate', 'Accept: text/html', 'X-Forwarded-Host: evil.example'];
      const { status, headers, header } = await sendRaw(nginx, { target, lines, host: 'evil.example' });
      expect([303, 403]).toContain(status);
      expect(headers.filter(([name]) => name === 'x')).toEqual([]);
      if (status === 303) expect(header('location')).toMatch(/^\/fido2\/login\?return_to=[\w%.~!*'()-]*(&\w+=1)?$/);
    },
  );

  it('case 14: a signed-in visitor of the login page is not sent away from the site', async () => {
    const cookie = await login(nginx, passkey);
    for (const returnTo of hostile) {
      const page = await get(nginx, `/fido2/login?return_to=${encodeURIComponent(returnTo)}`, { cookie });
      expect(page.headers.location ?? '/').toMatch(/^\/(?![/\\])/);
      expect(page.text).not.toContain('evil.example');
    }
  });
});
