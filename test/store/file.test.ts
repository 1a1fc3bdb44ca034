import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFiles, nodeRandom } from '../../src/cli/runtime.ts';
import { createFileStore } from '../../src/store/file.ts';
import { FileError, type Files } from '../../src/store/ports.ts';
import type { Store } from '../../src/store/store.ts';

const day = 86_400_000;
let root = '';
let now = 0;
let lines: string[] = [];
let store: Store;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ngx-fido2-store-'));
  now = 1_700_000_000_000;
  lines = [];
  store = open();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(files: Files = nodeFiles): Store {
  return createFileStore({
    files,
    clock: { now: () => now },
    random: nodeRandom,
    root,
    log: (line) => lines.push(line),
  });
}

const folder = (key: string): string => join(root, 'records', `${key}.r`);
/** Name of the data file of a version, which is opaque to everybody else. */
const dataFile = (version: string | null): string => version?.split('.')[1] ?? '';

describe('records', () => {
  test('a record is there after putIf and gone after deleteIf', async () => {
    expect(await store.get('users/a')).toBeNull();
    const version = await store.putIf('users/a', { v: 1, n: 1 }, null);
    expect(await store.get('users/a')).toEqual({ value: { v: 1, n: 1 }, version });
    expect(await store.deleteIf('users/a', version ?? '')).toBe(true);
    expect(await store.get('users/a')).toBeNull();
    expect(await store.list('users')).toEqual([]);
  });

  test('putIf with null refuses a record that exists, with a version one that moved on', async () => {
    const first = await store.putIf('users/a', { v: 1, n: 1 }, null);
    expect(await store.putIf('users/a', { v: 1, n: 2 }, null)).toBeNull();
    expect(await store.putIf('users/a', { v: 1, n: 2 }, first)).not.toBeNull();
    expect(await store.putIf('users/a', { v: 1, n: 3 }, first)).toBeNull();
    expect(await store.deleteIf('users/a', first ?? '')).toBe(false);
    expect((await store.get('users/a'))?.value).toEqual({ v: 1, n: 2 });
  });

  test('a version is never good for another content of the key', async () => {
    const first = await store.putIf('users/a', { v: 1, n: 1 }, null);
    await store.deleteIf('users/a', first ?? '');
    const second = await store.putIf('users/a', { v: 1, n: 1 }, null);
    expect(second).not.toEqual(first);
    expect(await store.putIf('users/a', { v: 1, n: 2 }, first)).toBeNull();
  });

  test('list tells the live records directly below a prefix', async () => {
    await store.putIf('sessions/u1/s1', { v: 1 }, null);
    await store.putIf('sessions/u1/s2', { v: 1 }, null);
    await store.putIf('sessions/u2/s3', { v: 1 }, null);
    expect((await store.list('sessions/u1')).sort()).toEqual(['sessions/u1/s1', 'sessions/u1/s2']);
    expect(await store.list('sessions')).toEqual([]);
    expect(await store.list('nothing')).toEqual([]);
  });

  test('a hundred versions leave one data file and a bounded number of links', async () => {
    let version = await store.putIf('users/a', { v: 1, n: 0 }, null);
    for (let n = 1; n < 100; n++) version = await store.putIf('users/a', { v: 1, n }, version);
    const names = readdirSync(folder('users/a'));
    expect(names.filter((name) => name.includes('-'))).toEqual([dataFile(version)]);
    expect(names.length).toBeLessThan(40);
  });

  test.each(['', 'a//b', '../a', 'a/..', 'a.b', 'a b', 'a\n', `a/${'x'.repeat(200)}`])('%j is no key', async (key) => {
    await expect(store.get(key)).rejects.toMatchObject({ code: 'error' });
    await expect(store.putIf(key, { v: 1 }, null)).rejects.toMatchObject({ code: 'error' });
    await expect(store.takeOnce(key, now)).rejects.toMatchObject({ code: 'error' });
    await expect(store.list(key)).rejects.toMatchObject({ code: 'error' });
  });

  test('files are for their owner only', async () => {
    const version = await store.putIf('users/a', { v: 1 }, null);
    expect(nodeFiles.stat(join(folder('users/a'), dataFile(version))).mode & 0o777).toBe(0o600);
    expect(nodeFiles.stat(folder('users/a')).mode & 0o777).toBe(0o700);
  });
});

describe('what cannot be read', () => {
  test.each([
    ['', 'not JSON'],
    ['{"v":1,"n"', 'not JSON'],
    ['[]', 'no version'],
    ['null', 'no version'],
    ['{"n":1}', 'no version'],
    ['{"v":"1"}', 'is not 1'],
  ])('%j is set aside with a log line and stops nobody', async (text, reason) => {
    const version = await store.putIf('users/a', { v: 1 }, null);
    writeFileSync(join(folder('users/a'), dataFile(version)), text);
    expect(await store.get('users/a')).toBeNull();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    const [place = ''] = readdirSync(join(root, 'broken'));
    expect(readFileSync(join(root, 'broken', place, dataFile(version)), 'utf8')).toBe(text);
    expect(await store.putIf('users/a', { v: 1 }, null)).not.toBeNull();
  });

  test('a link without its data is set aside', async () => {
    const version = await store.putIf('users/a', { v: 1 }, null);
    nodeFiles.unlink(join(folder('users/a'), dataFile(version)));
    expect(await store.get('users/a')).toBeNull();
    expect(lines[0]).toContain('missing');
  });

  test('a newer version is refused, neither set aside nor absent', async () => {
    const version = await store.putIf('users/a', { v: 1 }, null);
    writeFileSync(join(folder('users/a'), dataFile(version)), '{"v":2}');
    await expect(store.get('users/a')).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(lines).toEqual([]);
  });

  test.each(['list', 'readlink', 'read'] as const)('a failing %s is unavailable, never absent', async (method) => {
    const version = await store.putIf('users/a', { v: 1 }, null);
    const failing = open({
      ...nodeFiles,
      [method]: () => {
        throw new FileError('other', 'EIO');
      },
    });
    await expect(failing.get('users/a')).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(failing.takeOnce('a', now)).resolves.toBe(true);
    expect(lines).toEqual([]);
    expect(await store.get('users/a')).toEqual({ value: { v: 1 }, version });
  });

  test('setAside moves the version that was seen and no other', async () => {
    const first = await store.putIf('users/a', { v: 1, n: 1 }, null);
    const second = await store.putIf('users/a', { v: 1, n: 2 }, first);
    await store.setAside('users/a', first ?? '', 'n: is odd');
    expect((await store.get('users/a'))?.version).toBe(second);
    await store.setAside('users/a', second ?? '', 'n: is odd');
    expect(await store.get('users/a')).toBeNull();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('n: is odd');
  });
});

describe('once and for a time', () => {
  test('takeOnce is true once, also after the expiry, until it is swept', async () => {
    expect(await store.takeOnce('challenges/c', now + 1000)).toBe(true);
    expect(await store.takeOnce('challenges/c', now + 1000)).toBe(false);
    now += 2000;
    expect(await store.takeOnce('challenges/c', now + 1000)).toBe(false);
    await store.sweep();
    expect(await store.takeOnce('challenges/c', now + 1000)).toBe(false);
    now += day;
    await store.sweep();
    expect(readdirSync(join(root, 'claims'))).toEqual([]);
  });

  test('a lease is its holder’s until it ends', async () => {
    expect(await store.lease('leases/tick', 'a', 1000)).toBe(true);
    expect(await store.lease('leases/tick', 'b', 1000)).toBe(false);
    now += 900;
    expect(await store.lease('leases/tick', 'a', 1000)).toBe(true);
    now += 900;
    expect(await store.lease('leases/tick', 'b', 1000)).toBe(false);
    now += 101;
    expect(await store.lease('leases/tick', 'b', 1000)).toBe(true);
    expect(await store.lease('leases/tick', 'a', 1000)).toBe(false);
  });
});

describe('sweep', () => {
  async function deleted(key: string): Promise<void> {
    const version = await store.putIf(key, { v: 1 }, null);
    await store.deleteIf(key, version ?? '');
  }

  test('removes all traces of a record a day after its deletion', async () => {
    await deleted('users/a');
    await store.sweep();
    expect(readdirSync(join(root, 'records/users'))).toEqual(['a.r']);
    now += day + 1;
    await store.sweep();
    expect(readdirSync(join(root, 'records/users'))).toEqual([]);
    expect(readdirSync(join(root, 'deleted'))).toEqual([]);
  });

  test('leaves a record that was made again', async () => {
    await deleted('users/a');
    await store.putIf('users/a', { v: 1, again: true }, null);
    now += day + 1;
    await store.sweep();
    expect((await store.get('users/a'))?.value).toEqual({ v: 1, again: true });
  });

  test('a deleted record’s data is gone at once', async () => {
    await deleted('users/a');
    expect(readdirSync(folder('users/a')).filter((name) => name.includes('-'))).toEqual([]);
  });

  test('a writer who looked before the sweep does not publish over what came after it', async () => {
    await deleted('names/n');
    now += day + 1;
    let interrupted = false;
    const slow = open({
      ...nodeFiles,
      symlink: (target, path) => {
        if (!interrupted) {
          interrupted = true;
          nodeFiles.unlink(join(folder('names/n'), '1'));
          nodeFiles.unlink(join(folder('names/n'), '2'));
          writeFileSync(join(folder('names/n'), 'x-0'), '{"v":1,"user":"first"}');
          symlinkSync('x-0', join(folder('names/n'), '1'));
        }
        nodeFiles.symlink(target, path);
      },
    });
    expect(await slow.putIf('names/n', { v: 1, user: 'second' }, null)).toBeNull();
    expect((await store.get('names/n'))?.value).toEqual({ v: 1, user: 'first' });
  });

  test('a writer who looked long ago was not first, and leaves nothing', async () => {
    const version = await store.putIf('users/a', { v: 1, n: 0 }, null);
    const others: Promise<string | null>[] = [];
    const slow = open({
      ...nodeFiles,
      symlink: (target, path) => {
        // The file store does its work before it returns its promise, so all this happens within the slow step.
        for (let n = others.length; n < 40; n++) {
          const links = readdirSync(folder('users/a')).map(Number).filter(Number.isFinite);
          const head = Math.max(...links);
          const target = nodeFiles.readlink(join(folder('users/a'), String(head)));
          others.push(store.putIf('users/a', { v: 1, n: n + 1 }, `${head}.${target}`));
        }
        nodeFiles.symlink(target, path);
      },
    });
    expect(await slow.putIf('users/a', { v: 1, n: 'late' }, version)).toBeNull();
    const last = (await Promise.all(others)).at(-1) ?? null;
    expect(await store.get('users/a')).toEqual({ value: { v: 1, n: 40 }, version: last });
    const names = readdirSync(folder('users/a'));
    expect(names.filter((name) => name.includes('-'))).toEqual([dataFile(last)]);
    expect(names).not.toContain('2');
  });
});
