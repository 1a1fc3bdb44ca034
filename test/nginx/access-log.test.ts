import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { enrol, get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { startNginx } from '../helpers/nginx.ts';
import { gatedLocation } from '../helpers/site-conf.ts';
import { startUpstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';

it.runIf(await needs('nginx'))('names the user in the site’s own access log, and nobody else', async () => {
  const upstream = await startUpstream();
  const nginx = await startNginx({
    upstream,
    http: `log_format who '$request_uri $status user=$fido2_user groups=$fido2_groups';`,
    server: ({ folder }) => `access_log ${folder}/who.log who;`,
    locations: gatedLocation('/logged/', 'user', 'include fido2/user.conf;'),
  });
  const passkey = new Authenticator({ origin: nginx.origin });
  const { cookie } = await enrol(nginx, passkey, { user: 'ada', groups: ['admins', 'staff'] });
  await get(nginx, '/logged/1', { cookie });
  await get(nginx, '/logged/2', { cookie });
  await get(nginx, '/logged/forged', { cookie: `${cookie.slice(0, -2)}${cookie.endsWith('AA') ? 'BB' : 'AA'}` });
  await get(nginx, '/logged/nobody');
  await get(nginx, '/open', { cookie });
  const read = (): string => readFileSync(join(nginx.folder, 'who.log'), 'utf8');
  await waitFor(() => read().includes('/open'), 'the log');
  const lines = read().split('\n');
  expect(lines).toContain('/logged/1 200 user=ada groups=admins,staff');
  expect(lines).toContain('/logged/2 200 user=ada groups=admins,staff');
  expect(lines.find((line) => line.startsWith('/logged/forged'))).toMatch(/^\S+ 401 user=-? groups=-?$/);
  expect(lines.find((line) => line.startsWith('/logged/nobody'))).toMatch(/^\S+ 401 user=-? groups=-?$/);
  expect(lines.find((line) => line.startsWith('/open'))).toMatch(/^\S+ 200 user=-? groups=-?$/);
  expect(nginx.errorLog()).not.toMatch(/\[error\]/);
});
