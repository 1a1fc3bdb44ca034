import { spawn } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { RequestOptionsJSON } from '../../src/protocol/options.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, loginAnswer, post } from '../helpers/client.ts';
import { buildCommand, ngxFido2 } from '../helpers/command.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { sessionOf } from '../helpers/session.ts';
import { editSnippet } from '../helpers/site-conf.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';

interface Installed {
  readonly nginx: RunningNginx;
  readonly passkey: Authenticator;
  readonly ada: Enrolment;
  /** Of its listener for other proxies. */
  readonly askPort: number;
  /** `CODE FILE:LINE` of each error and warning. */
  readonly found: readonly string[];
}

type Change = readonly [from: string, to: string];

/** Writes into the zone of used challenges as many entries as a flood of sign-ins would. */
const fill = `export default { fill: (r) => {
  const zone = ngx.shared.fido2_claims;
  for (const length of [64, 48, 32, 16]) {
    try { for (let i = 0; i < 1000; i++) zone.set(String(i).padStart(length, 'x'), '1', 900000); } catch (e) { r.log('full'); }
  }
  r.return(204);
} };`;

/** A site whose http.conf somebody changed, and what the check says of it. */
async function install(
  upstream: Upstream,
  changes: readonly Change[],
  { mode = 0o700, peers = '127.0.0.2', asked = '' }: { mode?: number; peers?: string; asked?: string } = {},
): Promise<Installed> {
  const askPort = await freePort();
  const nginx = await startNginx({
    upstream,
    http: `include fido2/askers.conf;
      geo $realip_remote_addr $fido2_peer {
        default no;
        ${peers} yes;
      }
      server {
        listen 127.0.0.1:${askPort};
        include fido2/ext-authz.conf;
        location ^~ /ask/user/ { auth_request /fido2/authorize/user; include fido2/admit.conf; }
        ${asked}
      }`,
    locations: 'location = /fill { js_engine qjs; js_import fill from fill.js; js_content fill.fill; }',
    prepare: (folder) => {
      const installed = (text: string) => text.replaceAll('FOLDER', folder);
      for (const [from, to] of changes) {
        editSnippet('http.conf', (text) => text.replace(installed(from), installed(to)))(folder);
      }
      chmodSync(join(folder, 'run'), mode);
      writeFileSync(join(folder, 'conf/fill.js'), fill);
    },
  });
  const passkey = new Authenticator({ origin: nginx.origin, counterStep: 0 });
  const ada = await enrol(nginx, passkey, { user: 'ada' });
  const checked = await ngxFido2(['check', '--nginx', join(nginx.folder, 'conf/nginx.conf'), '--json']);
  const { findings } = JSON.parse(checked.stdout) as {
    findings: { code: string; severity: string; file: string; line: number }[];
  };
  const serious = findings.filter(({ severity }) => severity !== 'note');
  const found = serious.map(({ code, file, line }) => `${code} ${basename(file)}:${line}`);
  return { nginx, passkey, ada, askPort, found };
}

/** `FILE:LINE` of the first line with this text. */
function placeOf({ nginx }: Installed, text: string, file = 'fido2/http.conf'): string {
  const lines = readFileSync(join(nginx.folder, 'conf', file), 'utf8').split('\n');
  return `${basename(file)}:${lines.findIndex((line) => line.includes(text)) + 1}`;
}

/** What another proxy is told about a request, its status and whether with a token. */
async function asks({ nginx, askPort }: Installed, path: string, cookie?: string): Promise<[number, boolean]> {
  const headers = { 'X-Forwarded-For': '127.0.0.1' };
  const { status, headers: told } = await get({ port: askPort, origin: nginx.origin }, path, { headers, cookie });
  return [status, told['fido2-identity']?.startsWith('eyJ') === true];
}

/** The status of an assertion that is sent a second time, when many others signed in meanwhile. */
async function replayed({ nginx, passkey }: Installed): Promise<number> {
  const options = await post(nginx, '/fido2/assertion/options', {});
  const response = passkey.get(options.json<RequestOptionsJSON>());
  expect((await post(nginx, '/fido2/assertion/result', response)).status).toBe(200);
  await get(nginx, '/fill');
  return (await post(nginx, '/fido2/assertion/result', response)).status;
}

/** What the internal listener tells somebody who asks it by TCP. */
async function askedByTcp({ ada }: Installed, port: number): Promise<string> {
  const headers = { 'Fido2-Session': ada.cookie, 'Fido2-Asked': 'GET 127.0.0.1' };
  const site = { port, origin: 'http://fido2' };
  return (await get(site, '/fido2/authorize/user', { headers })).text;
}

/** Whether another user of the machine can speak to the internal listener. */
async function strangerConnects({ nginx }: Installed): Promise<boolean> {
  const script = `require('net').connect(process.argv[1]).on('connect', () => process.exit(0)).on('error', () => process.exit(1))`;
  const stranger = { uid: 54321, gid: 54321, cwd: '/' };
  const child = spawn(process.execPath, ['-e', script, join(nginx.folder, 'run/fido2.sock')], stranger);
  return (await new Promise((resolve) => child.once('close', resolve))) === 0;
}

/** The statuses of fifty sessions' first requests at once. */
async function burst({ nginx, ada }: Installed): Promise<number[]> {
  const sessions = [];
  for (let i = 0; i < 50; i++) sessions.push(await sessionOf(nginx, ada));
  const answers = await Promise.all(sessions.map(({ cookie }) => get(nginx, '/app/x', { cookie })));
  return [...new Set(answers.map(({ status }) => status))].sort();
}

describe.runIf(await needs('nginx'))('an installation that somebody changed', () => {
  let upstream: Upstream;
  let leaking: Installed;
  let forgetful: Installed;
  let shipped: Installed;
  let tcp = 0;

  beforeAll(async () => {
    await buildCommand();
    upstream = await startUpstream();
    tcp = await freePort();
    leaking = await install(
      upstream,
      [
        ['zone=fido2_token:64m', 'zone=fido2_token:64m state=FOLDER/data/tokens.json'],
        ['zone=fido2_claims:8m timeout=900s', 'zone=fido2_claims:32k timeout=900s evict'],
        ['listen unix:', `listen 127.0.0.1:${tcp};\n    listen unix:`],
      ],
      { mode: 0o755, peers: '0.0.0.0/0', asked: 'location ^~ /ask/open/ { return 200; }' },
    );
    forgetful = await install(
      upstream,
      [
        ['zone=fido2_token:64m timeout=300s', 'zone=fido2_token:64m'],
        ['zone=fido2_claims:8m', 'zone=fido2_claims:32k'],
        [' backlog=4096', ' backlog=4'],
      ],
      { peers: '127.0.0.1' },
    );
    shipped = await install(upstream, []);
  });

  it('zone_in_file: tokens lie in a file that others can read', async () => {
    await get(leaking.nginx, '/app/x', { cookie: leaking.ada.cookie });
    const path = join(leaking.nginx.data, 'tokens.json');
    const token = upstream.last().header('fido2-identity') ?? '';
    await waitFor(() => existsSync(path) && readFileSync(path, 'utf8').includes(token), 'the file of the zone');
    expect(token).toMatch(/^eyJ/);
    expect(statSync(path).mode & 0o044).toBe(0o044);
    expect(leaking.found).toContain(`zone_in_file ${placeOf(leaking, 'zone=fido2_token')}`);
  });

  it('zone_evicts: an assertion is taken twice', async () => {
    expect(await replayed(leaking)).toBe(200);
    expect(await replayed(shipped)).toBe(401);
    expect(leaking.found).toContain(`zone_evicts ${placeOf(leaking, 'zone=fido2_claims')}`);
  });

  it('internal_on_network: whoever has a cookie gets its token', async () => {
    expect(await askedByTcp(leaking, tcp)).toMatch(/^eyJ[\w-]+[.]/);
    expect(leaking.found).toContain(`internal_on_network ${placeOf(leaking, `127.0.0.1:${tcp}`)}`);
  });

  it.runIf(process.geteuid?.() === 0)('internal_folder_open: other users of the machine get in', async () => {
    chmodSync(leaking.nginx.folder, 0o755);
    chmodSync(shipped.nginx.folder, 0o755);
    expect([await strangerConnects(leaking), await strangerConnects(shipped)]).toEqual([true, false]);
    expect(leaking.found).toContain(`internal_folder_open ${placeOf(leaking, 'listen unix:')}`);
  });

  it('zone_without_timeout: no token is remembered', async () => {
    const tokens = async ({ nginx, ada }: Installed): Promise<number> => {
      const seen = new Set<string | undefined>();
      for (let i = 0; i < 3; i++) {
        await get(nginx, '/app/x', { cookie: ada.cookie });
        seen.add(upstream.last().header('fido2-identity'));
      }
      return seen.size;
    };
    expect([await tokens(forgetful), await tokens(shipped)]).toEqual([3, 1]);
    expect(forgetful.found).toContain(`zone_without_timeout ${placeOf(forgetful, 'zone=fido2_token')}`);
  });

  it('internal_backlog: a burst of new sessions is refused', async () => {
    expect(await burst(forgetful)).toContain(503);
    expect(await burst(shipped)).toEqual([200]);
    expect(forgetful.found).toContain(`internal_backlog ${placeOf(forgetful, 'listen unix:')}`);
  });

  it('zone_small: nobody can sign in once it is full', async () => {
    await login(forgetful.nginx, forgetful.passkey);
    for (const { nginx } of [forgetful, shipped]) await get(nginx, '/fill');
    expect((await loginAnswer(forgetful.nginx, forgetful.passkey)).status).toBe(503);
    expect((await loginAnswer(shipped.nginx, shipped.passkey)).status).toBe(200);
    expect(forgetful.found).toContain(`zone_small ${placeOf(forgetful, 'zone=fido2_claims')}`);
  });

  it('anybody_asks: whoever reaches the listener for other proxies gets tokens', async () => {
    expect(await asks(leaking, '/ask/user/x', leaking.ada.cookie)).toEqual([200, true]);
    expect(await asks(shipped, '/ask/user/x', shipped.ada.cookie)).toEqual([403, false]);
    expect(leaking.found).toContain(`anybody_asks ${placeOf(leaking, '0.0.0.0/0 yes;', 'nginx.conf')}`);
  });

  it('answer_without_gate: a location that answers by itself admits without a session', async () => {
    expect(await asks(leaking, '/ask/open/x')).toEqual([200, false]);
    expect(await asks(forgetful, '/ask/user/x')).toEqual([401, false]);
    expect(leaking.found).toContain(`answer_without_gate ${placeOf(leaking, '/ask/open/', 'nginx.conf')}`);
  });

  it('nothing is found in an installation as it is shipped', () => {
    expect(shipped.found).toEqual([]);
  });
});
