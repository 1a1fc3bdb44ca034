import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get } from '../helpers/client.ts';
import { type NginxOptions, type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { type Patch, runScripts, scriptsWith } from './variant.ts';

export interface Site {
  readonly nginx: RunningNginx;
  readonly passkey: Authenticator;
  /** Whose passkey it is; it has no counter, so that its answers may overtake each other. */
  readonly ada: Enrolment;
}

/** A gate that waits for as long as a test holds the session engine. */
function makePatient(folder: string): void {
  const path = join(folder, 'conf/fido2/server.conf');
  const text = readFileSync(path, 'utf8');
  if (!text.includes('js_fetch_timeout 2s;')) throw new Error('server.conf gives the gate no deadline of 2 s');
  writeFileSync(path, text.replaceAll('js_fetch_timeout 2s;', 'js_fetch_timeout 60s;'));
}

/** A site on two workers whose session engine has these changes. */
export async function siteWith(patches: readonly Patch[], options: NginxOptions): Promise<Site> {
  const run = runScripts(await scriptsWith(...patches));
  const prepare = (folder: string) => {
    run(folder);
    makePatient(folder);
  };
  const nginx = await startNginx({ workers: 2, prepare, ...options });
  const passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
  return { nginx, passkey, ada: await enrol(nginx, passkey, { user: 'ada' }) };
}

/** What eight requests get; each connection is new, so that both workers are asked. */
export async function statuses(nginx: RunningNginx, cookie: string, path = '/app/'): Promise<number[]> {
  const all = await Promise.all(Array.from({ length: 8 }, () => get(nginx, path, { cookie })));
  return [...new Set(all.map(({ status }) => status))];
}
