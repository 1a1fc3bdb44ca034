import { execFile } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { beforeAll, describe, expect, it } from 'vitest';
import { findNginx } from '../../src/cli/nginx-binary.ts';
import { projectRoot } from '../../src/cli/project-root.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { cookieFrom, enrol, get, login, type OwnSite, post, request } from '../helpers/client.ts';
import { importNginxImage, startDocker } from '../helpers/docker.ts';
import { freePort } from '../helpers/free-port.ts';
import { needs } from '../helpers/needs.ts';
import { identityPortsAs } from '../helpers/store.ts';
import { verifyIdentity } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';

process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
const busybox = '/bin/busybox';
const imageName = 'ngx-fido2-test:latest';
const run = promisify(execFile);

/** The container's nginx user. */
const owner = { uid: 101, gid: 101, name: 'nginx' };

/** What reaches the upstream, told back by nginx itself. */
const siteConf = `
upstream app { server unix:/run/ngx-fido2/echo.sock; }
server {
    listen unix:/run/ngx-fido2/echo.sock;
    default_type application/json;
    location / { return 200 '{"identity":"$http_fido2_identity","cookie":"$http_cookie"}'; }
}
server {
    listen 8080;
    include fido2/server.conf;
    location /app { auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }
    location /admin { auth_request /fido2/authorize/admin; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }
}
`;

const available = (await startDocker()) && (await needs('docker'));

describe.runIf(available)('in the container', () => {
  let site: OwnSite;
  let container: StartedTestContainer;
  let folder: string;
  let image: GenericContainer;
  const authenticator = () => new Authenticator({ origin: site.origin });

  async function start(): Promise<void> {
    container = await image
      .withExposedPorts({ container: 8080, host: site.port })
      .withBindMounts([
        { source: join(folder, 'site'), target: '/etc/nginx/site', mode: 'ro' },
        { source: join(folder, 'data'), target: '/var/lib/ngx-fido2', mode: 'rw' },
      ])
      .withTmpFs({ '/tmp': 'mode=1777', '/run/ngx-fido2': 'mode=0700,uid=101,gid=101' })
      .withWaitStrategy(Wait.forHttp('/fido2/healthz', 8080).forStatusCode(200))
      .start();
  }

  beforeAll(async () => {
    const nginx = await findNginx({ nginx: undefined });
    const base = await importNginxImage(dirname(dirname(dirname(dirname(nginx.modules)))), busybox);
    image = await GenericContainer.fromDockerfile(projectRoot(), 'deploy/Dockerfile')
      .withBuildArgs({ NGINX_IMAGE: base })
      .build(imageName, { deleteOnExit: false });
    folder = mkdtempSync(join(tmpdir(), 'fido2-container-'));
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o711);
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    mkdirSync(join(folder, 'site'));
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    chownSync(join(folder, 'data'), owner.uid, owner.gid);
    const settings = JSON.parse(readFileSync(join(projectRoot(), 'deploy/site/fido2.json'), 'utf8'));
    writeFileSync(join(folder, 'site/fido2.json'), JSON.stringify({ ...settings, rp: { origins: [origin] } }));
    writeFileSync(join(folder, 'site/site.conf'), siteConf);
    const host = `js_var $fido2_host localhost:${port};\njs_var $fido2_scheme http;\n`;
    writeFileSync(join(folder, 'site/origin.conf'), host);
    site = { port, origin, ports: identityPortsAs(owner, join(folder, 'data')) };
    await start();
    cleanUp(async () => {
      await container.stop();
    });
  });

  it('enrols, signs in, and passes a signed identity on, but not the session cookie', async () => {
    const key = authenticator();
    await enrol(site, key, { user: 'ada', groups: ['admins'] });
    const cookie = await login(site, key);
    const answer = await request(site, { path: '/admin', headers: { Cookie: `a=1; __Host-fido2=${cookie}; b=2` } });
    expect(answer.status).toBe(200);
    const { identity, cookie: passed } = answer.json<{ identity: string; cookie: string }>();
    expect(passed).toBe('a=1; b=2');
    const { payload } = await verifyIdentity(site, identity);
    expect(payload).toMatchObject({ preferred_username: 'ada', groups: ['admins'], iss: site.origin });
  });

  it.each([
    ['no cookie', {}],
    ['a forged identity', { 'Fido2-Identity': 'forged' }],
    ['a forged cookie', { Cookie: `__Host-fido2=${'a'.repeat(110)}` }],
  ])('refuses %s', async (_, headers) => {
    expect((await get(site, '/app', { headers })).status).toBe(401);
  });

  it('refuses a doubled cookie, and drops a forged identity beside a good one', async () => {
    const key = authenticator();
    const { cookie } = await enrol(site, key, { user: 'bert' });
    const twice = `__Host-fido2=${cookie}; __Host-fido2=${cookie}`;
    expect((await get(site, '/app', { headers: { Cookie: twice } })).status).toBe(401);
    const answer = await get(site, '/app', { cookie, headers: { 'Fido2-Identity': 'forged' } });
    expect(answer.json().identity).toMatch(/^ey/);
    expect((await get(site, '/admin', { cookie })).status).toBe(403);
  });

  it('runs without root, by a number that Kubernetes can check', async () => {
    expect((await run('docker', ['inspect', '-f', '{{.Config.User}}', imageName])).stdout.trim()).toBe('101:101');
    expect((await container.exec(['id', '-u'])).output.trim()).toBe('101');
    expect((await container.exec(['cat', '/proc/1/status'])).output).toMatch(/^Uid:\s+101\s+101/m);
  });

  it.each([
    ['healthy', 'that only nginx may enter', 0o700],
    ['unhealthy', 'that others may enter', 0o755],
  ])('is %s on a read-only file system with a store %s', async (verdict, _, mode) => {
    const data = mkdtempSync(join(folder, 'data-'));
    chownSync(data, owner.uid, owner.gid);
    chmodSync(data, mode);
    const mounts = ['--tmpfs', '/tmp', '--tmpfs', '/run/ngx-fido2:mode=0700,uid=101,gid=101'];
    const volumes = ['-v', `${join(folder, 'site')}:/etc/nginx/site:ro`, '-v', `${data}:/var/lib/ngx-fido2`];
    const locked = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];
    const soon = ['--health-interval', '500ms', '--health-start-period', '1s', '--health-retries', '2'];
    const { stdout } = await run('docker', ['run', '-d', ...locked, ...mounts, ...volumes, ...soon, imageName]);
    const id = stdout.trim();
    const remove = cleanUp(async () => {
      await run('docker', ['rm', '-f', id]);
    });
    const health = async () => (await run('docker', ['inspect', '-f', '{{.State.Health.Status}}', id])).stdout.trim();
    await waitFor(async () => (await health()) !== 'starting', 'a verdict of the health check');
    expect(await health()).toBe(verdict);
    await expect(run('docker', ['exec', id, 'touch', '/etc/nginx/new'])).rejects.toThrow('Read-only file system');
    await remove();
  });

  it('keeps users, sessions and keys in the volume over a new container; old challenges are void', async () => {
    const key = authenticator();
    const { cookie } = await enrol(site, key, { user: 'carl' });
    const { json } = await post(site, '/fido2/assertion/options', {});
    const answer = key.get(json());
    const keys = (await get(site, '/fido2/jwks.json')).text;
    await container.stop();
    await start();
    expect((await get(site, '/app', { cookie })).status).toBe(200);
    expect((await get(site, '/fido2/jwks.json')).text).toBe(keys);
    expect((await post(site, '/fido2/assertion/result', answer)).status).toBe(401);
    const again = await post(site, '/fido2/assertion/options', {});
    expect(cookieFrom(await post(site, '/fido2/assertion/result', key.get(again.json())))).toMatch(/^\S{60,}$/);
  });
});
