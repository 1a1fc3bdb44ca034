import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandError } from '../../src/cli/command-error.ts';
import { findNginx } from '../../src/cli/nginx-binary.ts';
import { unpackDebianNginx } from '../../src/cli/nginx-debian.ts';
import { isOlder, leastNjsVersion, probeNginx } from '../../src/cli/nginx-probe.ts';
import { needs } from '../helpers/needs.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fido2-find-'));
  mkdirSync(join(folder, 'bin'));
  vi.stubEnv('NGINX_BIN', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function program(name: string, script: string): string {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** An nginx with a module, as far as -V tells; what it says when it is started comes after. */
function fakeNginx(started: string, name = 'nginx'): string {
  mkdirSync(join(folder, 'modules'), { recursive: true });
  writeFileSync(join(folder, 'modules/ngx_http_js_module.so'), '');
  const about = `echo "nginx version: nginx/1.30.6" >&2; echo "configure arguments: --modules-path=${folder}/modules" >&2`;
  return program(name, `case "$*" in *-V*) ${about}; exit 0;; esac\n${started}`);
}

const fit = 'echo "[error] 1#1: js: probe 1.0.2 QuickJS end" >&2; exec /bin/sleep 30';
const nowhere = () => ({ path: join(folder, 'bin'), cache: join(folder, 'cache') });

/** The machine has nothing: neither apt-get nor docker. */
function hideTools(): void {
  vi.stubEnv('PATH', join(folder, 'bin'));
}

test('versions are compared by their numbers', () => {
  expect(isOlder('0.9.10', '1.0.2')).toBe(true);
  expect(isOlder('1.0.10', '1.0.2')).toBe(false);
  expect(isOlder('1.0.2', '1.0.2')).toBe(false);
  expect(isOlder('1.0', '1.0.2')).toBe(true);
});

describe('the one that was named', () => {
  test('is taken before the one on PATH, by option and by NGINX_BIN', async () => {
    fakeNginx('exit 1');
    const named = fakeNginx(fit, 'mine');
    const expected = { command: [named], version: '1.30.6', njsVersion: '1.0.2', source: 'option' };
    expect(await findNginx({ ...nowhere(), nginx: named })).toMatchObject(expected);
    vi.stubEnv('NGINX_BIN', named);
    expect(await findNginx(nowhere())).toMatchObject(expected);
  });

  test.each([
    ['is too old', 'echo "[error] 1#1: js: probe 1.0.1 QuickJS end" >&2; exec /bin/sleep 30', 'has njs 1.0.1'],
    ['has another engine', 'echo "[error] 1#1: js: probe 1.0.2 njs end" >&2; exec /bin/sleep 30', 'without QuickJS'],
    [
      'refuses the configuration',
      'echo "2026 [emerg] 1#1: unknown directive \\"js_engine\\" in x" >&2; exit 1',
      'js_engine',
    ],
    ['says nothing', 'exit 0', 'has no njs with QuickJS'],
  ])('is refused with the reason when it %s, and nothing else is tried', async (_, started, reason) => {
    fakeNginx(fit);
    const named = fakeNginx(started, 'mine');
    const error = await findNginx({ ...nowhere(), nginx: named }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CommandError);
    expect(error).toMatchObject({ message: expect.stringContaining(reason), hint: expect.stringContaining('1.0.2') });
  });

  test('must be there', async () => {
    await expect(findNginx({ nginx: join(folder, 'none') })).rejects.toThrow('there is no nginx at');
  });
});

describe('without a name', () => {
  test('the one on PATH is taken if it fits', async () => {
    const nginx = fakeNginx(fit);
    expect(await findNginx(nowhere())).toMatchObject({ command: [nginx], source: 'path' });
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });

  test('one that does not fit is passed over, and where nothing fits each reason is told', async () => {
    hideTools();
    fakeNginx('echo "[error] 1#1: js: probe 0.8.9 QuickJS end" >&2; exec /bin/sleep 30');
    const progress: string[] = [];
    const error = await findNginx({ ...nowhere(), onProgress: (line) => progress.push(line) }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CommandError);
    const { message, hint } = error as CommandError;
    expect(message).toContain('nginx on PATH has njs 0.8.9');
    expect(message).toMatch(/Debian's packages (need apt-get|cannot be checked)/);
    expect(message).toContain('needs a running Docker');
    expect(message).not.toContain('\n');
    expect(hint).toContain('NGINX_BIN');
    expect(progress).toHaveLength(3);
  });
});

describe('the official image', () => {
  const inContainer = `while [ "$1" != nginx:1.30 ]; do shift; done; shift; exec ${'$'}{0%docker}inside "$@"`;

  test('is pulled where it is missing, and sees only the folders that were named', async () => {
    hideTools();
    fakeNginx(`[ -e ${'$'}{0%inside}pulled ] || exit 1; ${fit}`, 'inside');
    program(
      'docker',
      `case "$1" in version) exit 0;; image) exit 1;; pull) : > ${'$'}{0%docker}pulled; exit 0;; esac\n${inContainer}`,
    );
    const { command, source, njsVersion } = await findNginx({ ...nowhere(), folders: ['/srv/a', '/srv/b'] });
    expect({ source, njsVersion }).toEqual({ source: 'docker', njsVersion: '1.0.2' });
    expect(command.filter((_, i) => command[i - 1] === '--volume')).toEqual(['/srv/a:/srv/a', '/srv/b:/srv/b']);
    expect(command.slice(-3)).toEqual(['--entrypoint', 'nginx', 'nginx:1.30']);
  });

  test('that cannot be pulled leaves nothing that fits', async () => {
    hideTools();
    program('docker', 'case "$1" in version) exit 0;; *) exit 1;; esac');
    await expect(findNginx(nowhere())).rejects.toThrow('the image nginx:1.30 cannot be pulled');
  });
});

describe('unpacked packages', () => {
  const day = 24 * 3_600_000;

  function unpacked(checked: number): string {
    const cache = join(folder, 'cache');
    const root = join(cache, 'debian-0');
    for (const name of ['usr/lib/riscv64-linux-gnu', 'usr/sbin', 'usr/lib/nginx/modules']) {
      mkdirSync(join(root, name), { recursive: true });
    }
    const files = ['usr/lib/riscv64-linux-gnu/ld-linux-riscv64-lp64d.so.1', 'usr/sbin/nginx'];
    for (const name of [...files, 'usr/lib/nginx/modules/ngx_http_js_module.so']) writeFileSync(join(root, name), '');
    writeFileSync(join(cache, 'current.json'), JSON.stringify({ root: 'debian-0', checked }));
    return cache;
  }

  test('are used for seven days without asking anybody, on any architecture', async () => {
    program('apt-get', 'echo asked > "$0.asked"; exit 1');
    hideTools();
    const cache = unpacked(100 * day);
    const libraries = join(cache, 'debian-0/usr/lib/riscv64-linux-gnu');
    expect(await unpackDebianNginx(cache, 106 * day, () => undefined)).toEqual({
      command: [
        join(libraries, 'ld-linux-riscv64-lp64d.so.1'),
        '--library-path',
        libraries,
        join(cache, 'debian-0/usr/sbin/nginx'),
      ],
      modules: join(cache, 'debian-0/usr/lib/nginx/modules'),
    });
    expect(existsSync(join(folder, 'bin/apt-get.asked'))).toBe(false);
  });

  test('are used on where the weekly check fails, and the failure is told', async () => {
    program('apt-get', 'echo "E: no network" >&2; exit 100');
    hideTools();
    const cache = unpacked(100 * day);
    const progress: string[] = [];
    const found = await unpackDebianNginx(cache, 108 * day, (line) => progress.push(line));
    expect(found.modules).toBe(join(cache, 'debian-0/usr/lib/nginx/modules'));
    expect(progress.join()).toContain('the weekly check failed');
    expect(JSON.parse(readFileSync(join(cache, 'current.json'), 'utf8')).checked).toBe(100 * day);
  });

  test('that are incomplete are not used', async () => {
    program('apt-get', 'exit 100');
    hideTools();
    const cache = unpacked(100 * day);
    rmSync(join(cache, 'debian-0/usr/sbin/nginx'));
    await expect(unpackDebianNginx(cache, 101 * day, () => undefined)).rejects.toThrow();
  });

  test('a damaged note of what is current counts as none', async () => {
    program('apt-get', 'exit 100');
    hideTools();
    const cache = unpacked(100 * day);
    writeFileSync(join(cache, 'current.json'), '{"root":');
    await expect(unpackDebianNginx(cache, 101 * day, () => undefined)).rejects.toThrow();
    expect(existsSync(join(cache, 'debian-0'))).toBe(true);
  });
});

describe.runIf(await needs('nginx'))('a real one', () => {
  test('is asked for its versions by running it', async () => {
    const { command, modules, version, njsVersion } = await findNginx();
    expect(await probeNginx(() => command, modules)).toEqual({ version, njsVersion });
    expect(isOlder(njsVersion, leastNjsVersion)).toBe(false);
  });

  test('without its module is unfit, and nginx says why', async () => {
    const { command } = await findNginx();
    await expect(probeNginx(() => command, folder)).rejects.toThrow(/^has no njs with QuickJS \(dlopen\(\)/);
  });
});
