import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseSettings } from '../../src/policy/settings.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { cleanUp } from '../helpers/cleanup.ts';
import { type Enrolment, enrol, get, raw } from '../helpers/client.ts';
import { projectFolder, runProgram } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';
import { type RunningNginx, startNginx } from '../helpers/nginx.ts';
import { startUpstream, type Upstream, verifyIdentity } from '../helpers/upstream.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { documentAt, fencesOf, fenceWith } from './markdown.ts';
import { addedLines, readmeConf, runnableConf } from './readme-site.ts';
import { curlRequest, exchangesOf, missingLines } from './transcript.ts';

const readme = documentAt('README.md');
const policies = fenceWith(readme, 'json', '"policies"');
const hasNginx = await needs('nginx');

test('its example of fido2.json holds, and each policy is explained', () => {
  const { settings, warnings } = parseSettings(policies);
  expect(warnings).toEqual([]);
  for (const name of settings.policies.keys()) expect(readme.text).toContain(`- \`${name}\`: `);
});

test('putting it before a site takes at most twelve lines', () => {
  expect(addedLines.length).toBeGreaterThan(5);
  expect(addedLines.length).toBeLessThanOrEqual(12);
});

test('every console fence is one that is run here', () => {
  const commands = fencesOf(readme, 'console').flatMap(({ text }) => exchangesOf(text).map(({ command }) => command));
  expect(commands.length).toBeGreaterThan(4);
  expect(commands.filter((command) => !/^(npm start|curl )/.test(command))).toEqual([]);
});

describe.runIf(hasNginx)('npm start', () => {
  test('prints what README.md shows', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-readme-'));
    chmodSync(folder, 0o755);
    cleanUp(() => rmSync(folder, { recursive: true, force: true }));
    const args = ['start', '--silent', '--', '--port', '0', '--no-browser', '--data', join(folder, 'data')];
    const npm = spawn('npm', args, { cwd: projectFolder, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = new Promise<number | null>((resolve) => npm.once('exit', resolve));
    cleanUp(() => {
      npm.kill('SIGTERM');
      return ended.then(() => undefined);
    });
    let [stdout, stderr] = ['', ''];
    npm.stdout.on('data', (text: Buffer) => {
      stdout += text;
    });
    npm.stderr.on('data', (text: Buffer) => {
      stderr += text;
    });
    const [exchange] = exchangesOf(fenceWith(readme, 'console', 'npm start'));
    const expected = exchange?.expected.map((line) => line.replace(':8080', ':..')) ?? [];
    expect(expected.length).toBeGreaterThan(1);
    const isDone = () => missingLines(expected, stdout).length === 0;
    await waitFor(isDone, 'the lines of README.md', () => `${stdout}\n${stderr}`);
    npm.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

describe.runIf(hasNginx)('the site of README.md', () => {
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream();
  });

  const startSite = (which: 'before' | 'after'): Promise<RunningNginx> =>
    startNginx({ fit: which === 'after', conf: (text) => runnableConf(readmeConf(which), text, upstream.port) });

  test('is open before the change', async () => {
    const nginx = await startSite('before');
    const before = upstream.arrived.length;
    expect((await get(nginx, '/reports')).status).toBe(200);
    expect(upstream.arrived.length).toBe(before + 1);
    await nginx.stop();
  });

  describe('with it', () => {
    let nginx: RunningNginx;
    let ada: Enrolment;
    beforeAll(async () => {
      nginx = await startSite('after');
      ada = await enrol(nginx, new Authenticator({ origin: nginx.origin }), { user: 'ada' });
    });

    const asked = fencesOf(readme, 'console').flatMap(({ text }) => exchangesOf(text).filter(isCurl));
    test.each(asked)('$command', async ({ command, expected }) => {
      const before = upstream.arrived.length;
      const known = command.includes('$COOKIE');
      const own = command.replace('$COOKIE', ada.cookie);
      const answer = await raw(nginx, curlRequest(own, 'https://app.example.com', new URL(nginx.origin).host));
      expect(missingLines(expected, answer), answer).toEqual([]);
      const opens = expected[0]?.includes(' 200 ') === true;
      expect(upstream.arrived.length - before).toBe(opens ? 1 : 0);
      if (!opens) return;
      const token = upstream.last().header('fido2-identity');
      if (known) expect((await verifyIdentity(nginx, token)).payload.sub).toBe(ada.userId);
      else expect(token).toBeUndefined();
    });

    test('lets who is enrolled through, with an identity that the snippet for Node verifies', async () => {
      const { cookie, userId } = ada;
      expect((await get(nginx, '/reports', { cookie })).status).toBe(200);
      const token = upstream.last().header('fido2-identity');
      const snippet = fenceWith(readme, 'js', 'jwtVerify').replace('https://app.example.com', nginx.origin);
      const verify = async (value: string | undefined) => {
        const call = `console.log((await identity({ headers: { 'fido2-identity': ${JSON.stringify(value)} } })).sub)`;
        const node = [process.execPath, '--input-type=module', '--eval', `${snippet}\n${call}`];
        return runProgram(node, { cwd: projectFolder });
      };
      expect(await verify(token)).toEqual({ status: 0, stdout: `${userId}\n`, stderr: '' });
      expect((await verify(`${token?.slice(0, -4)}AAAA`)).status).toBe(1);
      expect((await verify('forged')).status).toBe(1);
    });
  });
});

test.runIf(hasNginx)('the locations of README.md do what it says', async () => {
  const upstream = await startUpstream();
  const server = `server 127.0.0.1:${upstream.port};`;
  const document = JSON.parse(policies) as { policies: object; workloads: object };
  const nginx = await startNginx({
    http: `upstream app { ${server} } upstream payments { ${server} }`,
    locations: fenceWith(readme, 'nginx', '/payments/'),
    settings: { policies: document.policies, workloads: document.workloads },
  });
  const authenticator = new Authenticator({ origin: nginx.origin });
  const { cookie } = await enrol(nginx, authenticator, { user: 'ada', groups: ['contractors'] });
  expect((await get(nginx, '/payments/x', { cookie })).status).toBe(200);
  const { payload } = await verifyIdentity(nginx, upstream.last().header('fido2-identity'), {
    audience: 'https://payments.example.com',
  });
  expect(payload.groups).toEqual(['contractors']);
  expect((await get(nginx, '/payments/x')).status).toBe(401);
  expect((await get(nginx, '/', { cookie })).status).toBe(200);
  expect(upstream.last().header('fido2-identity')).toBeDefined();
  expect((await get(nginx, '/')).status).toBe(200);
  expect(upstream.last().header('fido2-identity')).toBeUndefined();
});

function isCurl({ command }: { command: string }): boolean {
  return command.startsWith('curl ');
}
