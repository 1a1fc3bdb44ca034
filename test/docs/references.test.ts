import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Answer, enrol, get, post } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';

// docs/errors.md: the reference that a client is shown finds the line with the detail.

describe.runIf(await needs('nginx'))('the reference of a refusal', () => {
  let upstream: Upstream;
  let nginx: RunningNginx;
  let cookie: string;

  beforeAll(async () => {
    upstream = await startUpstream();
    nginx = await startNginx({ upstream, locations: gatedLocation('/nobodys/', 'nobodys') });
    ({ cookie } = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' }));
  });

  const linesOf = (answer: Answer): string[] => {
    const { ref } = answer.json<{ ref: string }>();
    expect(ref).toMatch(/^[0-9a-f]{8}$/);
    return nginx
      .errorLog()
      .split('\n')
      .filter((line) => line.includes(ref));
  };

  it('of a decision stands in the audit line', async () => {
    const { ref } = (await get(nginx, '/admin/', { cookie })).json();
    expect(nginx.audit().filter((line) => line.ref === ref)).toMatchObject([
      { event: 'decision', code: 'not_allowed', account: 'ada', policy: 'admin', detail: 'policy admin: groups.any' },
    ]);
  });

  it('of a policy that nobody wrote stands in the error log', async () => {
    expect(linesOf(await get(nginx, '/nobodys/', { cookie })).join()).toContain('no policy for');
  });

  it('of a bad request stands in the error log at level info', async () => {
    const lines = linesOf(await post(nginx, '/fido2/account/rename', [], { cookie }));
    expect(lines.join()).toMatch(/\[info\].*malformed: "the body is not a JSON object"/);
  });

  it('of an outage stands in the error log, on the gate too', async () => {
    const prepare = (folder: string) => chmodSync(join(folder, 'data'), 0o755);
    nginx = await startNginx({ upstream, fit: false, prepare });
    for (const answer of [await get(nginx, '/app/', { cookie }), await get(nginx, '/fido2/session', { cookie })]) {
      expect(answer.status).toBe(503);
      expect(linesOf(answer).join()).toMatch(/\[error\].*unfit: .*has mode 0755/);
    }
  });
});
