import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { nodeClock, nodeFiles, nodeRandom } from '../../src/cli/runtime.ts';
import { createInvite, lookUpInvite } from '../../src/identity/invite.ts';
import type { IdentityPorts } from '../../src/identity/record.ts';
import {
  addCredential,
  createUser,
  deleteUser,
  findUser,
  findUserByCredential,
  findUserByName,
  listUsers,
  removeCredential,
} from '../../src/identity/user.ts';
import { createFileStore } from '../../src/store/file.ts';
import { buildChild, runChild } from './processes.ts';
import { credential } from './sample.ts';

let removeChild = (): void => undefined;
let root = '';
let ports: IdentityPorts;
let log: string[] = [];

beforeAll(() => {
  removeChild = buildChild();
});
afterAll(() => removeChild());
beforeEach(() => fresh());
afterEach(() => rmSync(root, { recursive: true, force: true }));

function fresh(): void {
  if (root !== '') rmSync(root, { recursive: true, force: true });
  root = mkdtempSync(join(tmpdir(), 'ngx-fido2-kill-'));
  log = [];
  ports = {
    store: createFileStore({
      files: nodeFiles,
      clock: nodeClock,
      random: nodeRandom,
      root,
      log: (line) => log.push(line),
    }),
    clock: nodeClock,
    random: nodeRandom,
    sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  };
}

/**
 * Runs the job once for each of its changes of the file system, killed before that change, each time on a fresh
 * store that `prepare` fills; `check` looks at what is left. Returns how many kills there were.
 */
async function killEverywhere(
  job: string,
  prepare: () => Promise<string | undefined>,
  check: (after: { readonly acknowledged: boolean; readonly step: number }) => Promise<void>,
): Promise<number> {
  for (let step = 1; ; step++) {
    fresh();
    const end = await runChild(root, job, step, await prepare());
    expect(end.errors).toBe('');
    await check({ acknowledged: end.lines.some((line) => 'done' in line), step });
    if (!end.killed) return step - 1;
  }
}

const nothing = async (): Promise<undefined> => undefined;
async function record(): Promise<undefined> {
  await ports.store.putIf('users/a', { v: 1, n: 'old' }, null);
}

describe('a record, killed before each change of the file system', () => {
  const content = async (): Promise<unknown> => (await ports.store.get('users/a'))?.value.n ?? null;

  async function stillWorks(): Promise<void> {
    const version = (await ports.store.get('users/a'))?.version ?? null;
    const next = await ports.store.putIf('users/a', { v: 1, n: 'later' }, version);
    expect(await content()).toBe('later');
    expect(await ports.store.deleteIf('users/a', next ?? '')).toBe(true);
    expect(await ports.store.list('users')).toEqual([]);
    expect(log).toEqual([]);
    expect(existsSync(join(root, 'broken'))).toBe(false);
  }

  test('create: there or not there', async () => {
    const kills = await killEverywhere('create', nothing, async ({ acknowledged }) => {
      const found = await content();
      expect(acknowledged ? ['new'] : ['new', null]).toContain(found);
      expect(await ports.store.list('users')).toEqual(found === null ? [] : ['users/a']);
      await stillWorks();
    });
    expect(kills).toBeGreaterThanOrEqual(3);
  });

  test('update: old or new', async () => {
    const kills = await killEverywhere('update', record, async ({ acknowledged }) => {
      expect(acknowledged ? ['new'] : ['new', 'old']).toContain(await content());
      await stillWorks();
    });
    expect(kills).toBeGreaterThanOrEqual(3);
  });

  test('delete: there or not there', async () => {
    const kills = await killEverywhere('delete', record, async ({ acknowledged }) => {
      expect(acknowledged ? [null] : ['old', null]).toContain(await content());
      await stillWorks();
    });
    expect(kills).toBeGreaterThanOrEqual(3);
  });

  test('takeOnce: nobody takes it after an acknowledgement', async () => {
    await killEverywhere('takeOnce', nothing, async ({ acknowledged }) => {
      const again = await ports.store.takeOnce('claims/c', nodeClock.now() + 60_000);
      if (acknowledged) expect(again).toBe(false);
      expect(await ports.store.takeOnce('claims/c', nodeClock.now() + 60_000)).toBe(false);
    });
  });

  test('setAside: there or aside, and the key is free', async () => {
    await killEverywhere('setAside', record, async ({ acknowledged }) => {
      expect(acknowledged ? [null] : ['old', null]).toContain(await content());
      await stillWorksAfterSetAside();
    });
    async function stillWorksAfterSetAside(): Promise<void> {
      const version = (await ports.store.get('users/a'))?.version ?? null;
      expect(await ports.store.putIf('users/a', { v: 1, n: 'later' }, version)).not.toBeNull();
    }
  });

  test('sweep: what was deleted two days ago stays deleted, what was made again stays', async () => {
    const kills = await killEverywhere(
      'sweep',
      async () => {
        const past = createFileStore({
          files: nodeFiles,
          clock: { now: () => nodeClock.now() - 2 * 86_400_000 },
          random: nodeRandom,
          root,
          log: (line) => log.push(line),
        });
        for (const key of ['users/a', 'users/b']) {
          const first = await past.putIf(key, { v: 1, n: 1 }, null);
          const second = await past.putIf(key, { v: 1, n: 2 }, first);
          await past.deleteIf(key, second ?? '');
        }
        await past.putIf('users/b', { v: 1, n: 'again' }, null);
        await past.takeOnce('claims/c', nodeClock.now() - 86_400_000);
        return undefined;
      },
      async () => {
        expect(await content()).toBeNull();
        expect((await ports.store.get('users/b'))?.value).toEqual({ v: 1, n: 'again' });
        await stillWorks2();
      },
    );
    async function stillWorks2(): Promise<void> {
      await ports.store.sweep();
      expect(await ports.store.list('users')).toEqual(['users/b']);
      expect(await ports.store.putIf('users/a', { v: 1, n: 'later' }, null)).not.toBeNull();
      expect(log).toEqual([]);
    }
    expect(kills).toBeGreaterThanOrEqual(6);
  });
});

describe('a user, killed before each change of the file system', () => {
  async function ana(): Promise<string> {
    const user = (await findUserByName(ports, 'ana')) ?? (await createUser(ports, { name: 'ana' }));
    return user.value.id;
  }
  async function anaWithKey(): Promise<undefined> {
    await addCredential(ports, await ana(), credential('AAAA'));
  }

  test('createUser: the name is hers or free', async () => {
    await killEverywhere('createUser', nothing, async ({ acknowledged }) => {
      const found = await findUserByName(ports, 'ana');
      if (acknowledged) expect(found).not.toBeNull();
      const id = await ana();
      expect(await listUsers(ports)).toHaveLength(1);
      await addCredential(ports, id, credential('AAAA'));
      expect((await findUserByCredential(ports, 'AAAA'))?.value.id).toBe(id);
    });
  });

  test('addCredential: it signs in and is listed, or neither, and can be added', async () => {
    await killEverywhere(
      'addCredential',
      async () => void (await ana()),
      async ({ acknowledged }) => {
        const id = await ana();
        const listed = (await findUser(ports, id))?.value.credentials.length === 1;
        expect((await findUserByCredential(ports, 'AAAA')) !== null).toBe(listed);
        if (acknowledged) expect(listed).toBe(true);
        if (!listed) await addCredential(ports, id, credential('AAAA'));
        expect((await findUserByCredential(ports, 'AAAA'))?.value.id).toBe(id);
      },
    );
  });

  test('removeCredential: it signs in or is gone, and never belongs to two', async () => {
    await killEverywhere('removeCredential', anaWithKey, async ({ acknowledged }) => {
      const id = await ana();
      const found = await findUserByCredential(ports, 'AAAA');
      if (acknowledged) expect(found).toBeNull();
      expect((await findUser(ports, id))?.value.credentials.length).toBe(found === null ? 0 : 1);
      if (found === null) await addCredential(ports, id, credential('AAAA'));
      else await removeCredential(ports, id, 'AAAA');
    });
  });

  test('deleteUser: she is there with her key, or neither is, and the name is free', async () => {
    await killEverywhere('deleteUser', anaWithKey, async ({ acknowledged }) => {
      const found = await findUserByName(ports, 'ana');
      if (acknowledged) expect(found).toBeNull();
      expect((await findUserByCredential(ports, 'AAAA')) !== null).toBe(found !== null);
      if (found !== null) await deleteUser(ports, found.value.id);
      const again = await createUser(ports, { name: 'ana' });
      expect(again.value.id).not.toBe(found?.value.id);
      expect(again.value.credentials).toEqual([]);
    });
  });

  test('useInvite: usable or used, whole', async () => {
    let code = '';
    await killEverywhere(
      'useInvite',
      async () => {
        ({ code } = await createInvite(ports, { user: await ana(), life: 60_000, recover: false }));
        return code;
      },
      async ({ acknowledged }) => {
        const usable = await lookUpInvite(ports, code).then(
          () => true,
          (error) => {
            expect(error).toMatchObject({ code: 'invite_invalid' });
            return false;
          },
        );
        if (acknowledged) expect(usable).toBe(false);
        expect(log).toEqual([]);
      },
    );
  });
});

describe('many processes at once', () => {
  const crowd = (job: string) => Promise.all(Array.from({ length: 6 }, () => runChild(root, job)));

  test('each record and each claim has exactly one winner', async () => {
    const ends = await crowd('race');
    const won = ends.flatMap(({ lines }) => lines.flatMap((line) => line.done as string[]));
    expect(won).toHaveLength(120);
    expect(new Set(won).size).toBe(120);
  });

  test('no update of one record is lost', async () => {
    const ends = await crowd('count');
    expect(ends.map(({ lines }) => lines)).toEqual(ends.map(() => [{ done: { counted: 60 } }]));
    const counter = await ports.store.get('race/counter');
    expect(Object.values(counter?.value ?? {}).filter((value) => value === 60)).toHaveLength(6);
  });

  test('a record that is created and deleted in turn is held by one at a time', async () => {
    const ends = await crowd('lock');
    expect(ends.map(({ lines }) => lines)).toEqual(ends.map(() => [{ done: { violations: 0 } }]));
  });
});
