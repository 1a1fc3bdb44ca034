import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeInstallation, ngxFido2, projectFolder, runProgram } from '../helpers/command.ts';
import { needs } from '../helpers/needs.ts';

const haveNginx = await needs('nginx');

beforeAll(async () => {
  const built = await runProgram([process.execPath, 'esbuild.config.mjs'], { cwd: projectFolder });
  expect(built.stderr).toBe('');
});

/** The folder, and the data folder in it, which may be a link to elsewhere. */
function removeBoth(folder: string): void {
  const data = join(folder, 'data');
  if (existsSync(data)) rmSync(realpathSync(data), { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
}

describe('a start that cannot succeed ends with one error and one hint', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fido2-start-'));
  });
  afterAll(() => removeBoth(folder));

  async function refused(...args: string[]): Promise<string> {
    const data = join(folder, 'data');
    const { status, stdout, stderr } = await ngxFido2(['start', '--data', data, '--no-browser', ...args]);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    const lines = stderr.split('\n').filter((line) => /^(error|hint): /.test(line));
    expect(lines.map((line) => line.split(':')[0])).toEqual(['error', 'hint']);
    return lines.join('\n');
  }

  test('the port is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const text = await refused('--port', String(port));
    server.close();
    expect(text).toMatch(
      new RegExp(`^error: port ${port} is in use on 127\\.0\\.0\\.1 \\([^,]+, pid ${process.pid}\\)\nhint: .*--port`),
    );
  });

  test('the address is not of this machine', async () => {
    expect(await refused('--port', '0', '--listen', '192.0.2.1')).toContain('hint: give one of its own with --listen');
  });

  test('the nginx is none', async () => {
    expect(await refused('--port', '0', '--nginx', '/bin/true')).toContain('error: /bin/true');
  });

  test('the data folder is a file', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    expect(await refused('--port', '0', '--data', path)).toContain('is not a folder');
  });

  test('fido2.json is for another site', async () => {
    const other = makeInstallation({ rp: { origins: ['https://app.example.com'] } });
    const text = await refused('--port', '0', '--data', other.data);
    other.remove();
    expect(text).toContain('is for https://app.example.com, not for localhost');
  });

  test('fido2.json is broken', async () => {
    const broken = makeInstallation({ policies: 1 });
    const text = await refused('--port', '0', '--data', broken.data);
    broken.remove();
    expect(text).toMatch(/^error: \S+fido2\.json:\d+:\d+: policies/);
  });
});

describe.runIf(haveNginx)('a running site', () => {
  const running = new Set<ChildProcess>();
  let folder: string;
  let data: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'fido2-site-'));
    // private to whoever runs this, so that root's workers cannot enter it
    data = join(folder, 'data');
  });
  afterEach(() => {
    for (const child of running) child.kill('SIGTERM');
  });
  afterAll(() => removeBoth(folder));

  interface Site {
    readonly origin: string;
    readonly code: string;
    readonly child: ChildProcess;
    readonly status: Promise<number | null>;
    stderr(): string;
  }

  async function startSite(...args: string[]): Promise<Site> {
    const command = [join(projectFolder, 'build/ngx-fido2'), 'start', '--no-browser', '--data', data, ...args];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let stdout = '';
    let stderr = '';
    child.stderr.on('data', (text) => {
      stderr += text;
    });
    const status = new Promise<number | null>((resolve) => {
      child.once('exit', (code) => {
        running.delete(child);
        resolve(code);
      });
    });
    const announced = new Promise<void>((resolve) => {
      child.stdout.on('data', (text) => {
        stdout += text;
        if (/^enrol .*\n/m.test(stdout)) resolve();
      });
    });
    await Promise.race([announced, status]);
    const [, origin = '', code = ''] = /^ready (\S+)\nenrol \S+\/fido2\/enrol#(\S+)\n/m.exec(stdout) ?? [];
    if (origin === '') throw new Error(`the site does not start:\n${stderr}`);
    return { origin, code, child, status, stderr: () => stderr };
  }

  async function redeem(origin: string, invite: string): Promise<number> {
    const response = await fetch(`${origin}/fido2/attestation/options`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ invite }),
    });
    await response.body?.cancel();
    return response.status;
  }

  test('is fit, guards its pages, keeps its folder private, and ends with status 0', async () => {
    const site = await startSite('--port', '0', '--workers', '1');
    expect((await fetch(`${site.origin}/fido2/healthz`)).status).toBe(200);
    expect((await fetch(`${site.origin}/`)).status).toBe(200);
    expect((await fetch(`${site.origin}/app`)).status).toBe(401);
    expect((await fetch(`${site.origin}/admin`)).status).toBe(401);
    expect(statSync(data).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'run')).mode & 0o777).toBe(0o700);
    expect(statSync(join(data, 'fido2.json')).mode & 0o077).toBe(0);
    if (process.geteuid?.() === 0) expect(statSync(data).uid).not.toBe(0);
    site.child.kill('SIGTERM');
    expect(await site.status).toBe(0);
    await expect(fetch(site.origin)).rejects.toThrow();
  });

  test('started again keeps its users, voids the invite before and follows the port', async () => {
    const first = await startSite('--port', '0');
    expect(await redeem(first.origin, first.code)).toBe(200);
    first.child.kill('SIGINT');
    expect(await first.status).toBe(0);

    const second = await startSite('--port', '0', '--crypto', 'portable');
    expect(second.origin).not.toBe(first.origin);
    expect(second.stderr()).toContain(`rp.origins says ${second.origin} instead of ${first.origin}`);
    const settings = JSON.parse(readFileSync(join(data, 'fido2.json'), 'utf8'));
    expect(settings).toMatchObject({ rp: { origins: [second.origin] }, crypto: 'portable' });
    expect(await redeem(second.origin, first.code)).toBe(410);
    expect(await redeem(second.origin, second.code)).toBe(200);
    const { stdout } = await ngxFido2(['users', 'list', '--json', '--data', data]);
    expect(JSON.parse(stdout).users).toMatchObject([{ name: 'admin', groups: ['admins'] }]);
    second.child.kill('SIGTERM');
    await second.status;
  });

  test('ends with an error when nginx is killed, and leaves no worker behind', async () => {
    const site = await startSite('--port', '0');
    const master = /\[notice\] (\d+)#\d+: start worker processes\n(?![\s\S]*start worker processes)/.exec(
      readFileSync(join(data, 'logs/error.log'), 'utf8'),
    )?.[1];
    process.kill(Number(master), 'SIGKILL');
    expect(await site.status).toBe(1);
    expect(site.stderr()).toMatch(/error: nginx ended \(by a signal\)[^\n]*\nhint: [^\n]+\n$/);
    await expect(fetch(site.origin)).rejects.toThrow();
  });

  test('refuses a second one on the same folder and is not disturbed', async () => {
    const site = await startSite('--port', '0');
    const { status, stderr } = await ngxFido2(['start', '--data', data, '--port', '0', '--no-browser']);
    expect(status).toBe(1);
    expect(stderr).toContain(`error: another start runs on ${realpathSync(data)}`);
    expect((await fetch(`${site.origin}/app`)).status).toBe(401);
    site.child.kill('SIGTERM');
    await site.status;
  });
});
