import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Authenticator } from '../helpers/authenticator.ts';
import { type Enrolment, enrol, get, login, loginAnswer } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream } from '../helpers/upstream.ts';
import { reached } from './reached.ts';

/** Handlers of a gate that fails in each way that there is; none of them may open. */
const handlers: Readonly<Record<string, string>> = {
  throws: '(r) => { throw new Error("broken"); }',
  throws_nothing: '(r) => { throw undefined; }',
  rejects: '(r) => Promise.reject(new Error("broken"))',
  throws_later: 'async (r) => { await Promise.resolve(); throw new Error("broken"); }',
  throws_in_timer: '(r) => { setTimeout(() => { throw new Error("broken"); }, 1); }',
  returns_nothing: '(r) => {}',
  returns_true: '(r) => true',
  never_settles: '(r) => new Promise(() => {})',
  says_200: '(r) => { r.return(200); }',
  says_204: '(r) => { r.return(204); }',
  sends_200: '(r) => { r.status = 200; r.sendHeader(); r.finish(); }',
  says_302: '(r) => { r.return(302, "/"); }',
  says_404: '(r) => { r.return(404); }',
  says_500: '(r) => { r.return(500); }',
  says_401_with_identity: '(r) => { r.variables.fido2_identity = "forged"; r.return(401); }',
  redirects: '(r) => { r.internalRedirect("/app/inner"); }',
  unknown_variable: '(r) => { r.return(204, r.variables.no_such_variable.length); }',
  no_such_zone: '(r) => { ngx.shared.none.get("x"); r.return(204); }',
  opens_then_throws: '(r) => { r.variables.fido2_identity = "forged"; throw new Error("broken"); }',
};

const names = [...Object.keys(handlers), 'not_there'];

function failingLocations(folder: string, engine: string): string {
  const script = join(folder, 'conf/failing.js');
  return names
    .map(
      (name) => `
    location ^~ /gate-${name}/ {
      internal; auth_request off; js_engine ${engine};
      js_import failing from ${script}; js_content failing.${name};
    }
    location /${name}/ {
      auth_request /gate-${name}/x;
      include fido2/upstream.conf;
      proxy_pass http://app$fido2_deny;
    }`,
    )
    .join('\n');
}

const hasNginx = await needs('nginx');
let upstream: Upstream;

beforeAll(async () => {
  upstream = await startUpstream();
});

/** Null where nginx answers nothing within two seconds, as for a handler that never ends. */
async function statusOf(nginx: RunningNginx, path: string, cookie: string | undefined): Promise<number | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), 2_000));
  const sent = get(nginx, path, { cookie, headers: { Accept: 'application/json' } }).then(({ status }) => status);
  return Promise.race([sent, late]);
}

describe.runIf(hasNginx).each(['njs', 'qjs'])('case 25: a gate that fails, on %s', (engine) => {
  let nginx: RunningNginx;
  let ada: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({
      upstream,
      locations: ({ folder }) => failingLocations(folder, engine),
      prepare(folder) {
        const entries = Object.entries(handlers).map(([name, text]) => `${name}: ${text}`);
        writeFileSync(join(folder, 'conf/failing.js'), `export default {\n${entries.join(',\n')}\n};\n`);
      },
    });
    ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada', groups: ['admins'] });
  });

  it.concurrent.each(names)('case 25: %s is denied', async (name) => {
    for (const cookie of [undefined, ada.cookie]) {
      const status = await statusOf(nginx, `/${name}/x`, cookie);
      if (status !== null) expect([401, 403, 404, 500, 502, 503]).toContain(status);
      expect(upstream.arrived.filter(({ url }) => url.startsWith(`/${name}/`))).toEqual([]);
    }
  });

  it('case 25: nothing of all that was passed on', () => {
    expect(upstream.arrived).toEqual([]);
  });
});

describe.runIf(hasNginx)('case 25: a session engine that fails', () => {
  const engines: Readonly<Record<string, string>> = {
    throws: 'throw new Error("broken");',
    'returns nothing': '',
    'never answers': 'return new Promise(() => {});',
    'answers 200 without a token': 'r.return(200);',
    'answers 302': 'r.return(302, "/");',
    'answers 500': 'r.return(500, "token");',
    'answers 204 where 200 is due': 'r.return(204);',
    'answers 403 with half a document': 'r.return(403, "{\\"code\\":");',
    'answers 401 with a code of no meaning': 'r.return(401, "{\\"code\\":\\"constructor\\"}");',
  };

  it.concurrent.each(Object.keys(engines))('case 25: one that %s is denied', async (name) => {
    const text = `export default { async handle(r) { r.return(200, '{}'); }, async tick() {}, async internal(r) { ${engines[name]} } };`;
    const nginx = await startNginx({
      upstream,
      prepare: (folder) => writeFileSync(join(folder, 'conf/fido2/fido2.js'), text),
    });
    const cookie = `AAAA.${'A'.repeat(22)}.${'A'.repeat(22)}.0-aaaaaa-1.${'A'.repeat(43)}`;
    for (const accept of ['application/json', 'text/html']) {
      const path = `/app/${encodeURIComponent(name)}`;
      const { status } = await get(nginx, path, { cookie, headers: { Accept: accept } });
      expect([status, upstream.arrived.filter(({ url }) => url === path)]).toEqual([
        name.includes('401') ? (accept === 'text/html' ? 303 : 401) : 503,
        [],
      ]);
    }
    await nginx.stop();
  });
});

describe.runIf(hasNginx)('case 25: files that cannot be read', () => {
  let nginx: RunningNginx;
  let passkey: Authenticator;
  let ada: Enrolment;

  beforeAll(async () => {
    nginx = await startNginx({ upstream, settings: { identity: { refresh: '1s' } } });
    passkey = new Authenticator({ origin: nginx.origin });
    ada = await enrol(nginx, passkey, { user: 'ada', groups: ['admins'] });
  });

  it('case 25: records without their folder are an outage, never "no such session" and never an opening', async () => {
    expect((await get(nginx, '/app/', { cookie: ada.cookie })).status).toBe(200);
    const cookie = await login(nginx, passkey);
    const records = join(nginx.data, 'records');
    chmodSync(records, 0o000);
    try {
      const { result, arrived } = await reached(upstream, () => get(nginx, '/app/', { cookie }));
      expect([result.status, result.json().code, arrived]).toEqual([503, 'store_unavailable', []]);
      const answer = await loginAnswer(nginx, passkey);
      expect([answer.status, answer.setCookie]).toEqual([503, []]);
    } finally {
      chmodSync(records, 0o700);
    }
    expect((await get(nginx, '/app/', { cookie })).status).toBe(200);
  });

  it('case 25: without the internal listener what is not remembered is an outage', async () => {
    const cookie = await login(nginx, passkey);
    rmSync(join(nginx.folder, 'run/fido2.sock'));
    const { result, arrived } = await reached(upstream, () => get(nginx, '/app/', { cookie }));
    expect([result.status, result.json().code, arrived]).toEqual([503, 'store_unavailable', []]);
  });

  it('case 25: a first start with settings that do not fit stays closed', async () => {
    const broken = await startNginx({
      upstream,
      fit: false,
      prepare: (folder) => writeFileSync(join(folder, 'fido2.json'), '{"policies": {"user": {}}}'),
    });
    const cookie = `AAAA.${'A'.repeat(22)}.${'A'.repeat(22)}.0-aaaaaa-1.${'A'.repeat(43)}`;
    for (const path of ['/app/', '/admin/']) {
      const { result, arrived } = await reached(upstream, () => get(broken, path, { cookie }));
      expect([result.status, arrived]).toEqual([503, []]);
    }
    expect((await get(broken, '/fido2/healthz')).status).toBe(503);
  });
});
