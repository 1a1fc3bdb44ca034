import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, post } from '../helpers/client.ts';
import { askInternal } from '../helpers/internal.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream } from '../helpers/upstream.ts';

describe.runIf(await needs('nginx'))('the internal listener', () => {
  let nginx: RunningNginx;
  let ada: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({ upstream: await startUpstream() });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
  });

  const ask = (path: string, headers: Record<string, string> = {}) => askInternal(nginx, path, headers);

  it('stands in a folder that only the workers’ user may enter', () => {
    const { mode, uid } = statSync(join(nginx.folder, 'run'));
    expect([mode & 0o777, uid]).toEqual([0o700, nginx.owner.uid]);
  });

  it('tells what healthz does not', async () => {
    const { status, text } = await ask('/fido2/healthz');
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({
      status: 'ok',
      nginx: expect.stringMatching(/^\d+\.\d+/),
      njs: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      engine: 'QuickJS',
      algorithms: { ES256: 'webcrypto', EdDSA: 'portable', RS256: 'webcrypto' },
      policies: ['user', 'admin'],
    });
  });

  it('counts what happened', async () => {
    await get(nginx, '/app/', { cookie: ada.cookie });
    await get(nginx, '/admin/', { cookie: ada.cookie });
    const { status, text } = await ask('/fido2/metrics');
    expect(status).toBe(200);
    expect(text).toMatch(/^ngx_fido2_events_total\{event="fills"\} [1-9]/m);
    expect(text).toMatch(/^ngx_fido2_events_total\{event="decision_not_allowed"\} [1-9]/m);
    expect(text).not.toContain('ada');
  });

  it('counts how passkey windows ended, as pages tell it, and takes nothing else from them', async () => {
    const told = (body: object) => post(nginx, '/fido2/outcome', body);
    expect((await told({ ceremony: 'get', outcome: 'cancelled' })).status).toBe(204);
    expect((await told({ ceremony: 'create', outcome: 'timed_out' })).status).toBe(204);
    for (const body of [{}, { ceremony: 'get', outcome: 'x"} 1' }, { ceremony: 'ada', outcome: 'cancelled' }]) {
      expect((await told(body)).json()).toMatchObject({ status: 400, code: 'malformed' });
    }
    const { text } = await ask('/fido2/metrics');
    expect(text.match(/event="passkey_.*/g)).toEqual([
      'event="passkey_create_timed_out"} 1',
      'event="passkey_get_cancelled"} 1',
    ]);
  });

  it('believes of its caller the cookie and the policy alone', async () => {
    expect((await ask('/fido2/authorize/user')).status).toBe(401);
    expect((await ask('/fido2/authorize/user', { 'Fido2-Session': 'x', 'X-User': 'ada' })).status).toBe(401);
    expect((await ask('/fido2/authorize/user', { 'Fido2-Session': ada.cookie })).status).toBe(200);
    expect((await ask('/fido2/authorize/admin', { 'Fido2-Session': ada.cookie })).status).toBe(403);
    expect((await ask('/fido2/authorize/unheard-of', { 'Fido2-Session': ada.cookie })).status).toBe(403);
    const from = (origin: string) => ({ 'Fido2-Session': ada.cookie, 'Fido2-Origin': origin });
    expect((await ask('/fido2/authorize/user!upgrade', from('https://evil.example'))).status).toBe(403);
    expect((await ask('/fido2/authorize/user!upgrade', from(nginx.origin))).status).toBe(200);
    expect((await ask('/fido2/login')).status).toBe(404);
  });
});
