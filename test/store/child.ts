/**
 * A process of its own that works on a store and may end itself by SIGKILL in the middle: child.mjs ROOT JOB STEP.
 * It dies before its STEP-th change of the file system (0: never); a file that is being created is half written
 * then. Each finished piece of work is acknowledged by a line of JSON.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { nodeClock, nodeFiles, nodeRandom } from '../../src/cli/runtime.ts';
import { Fido2Error } from '../../src/errors.ts';
import { createInvite, lookUpInvite, useInvite } from '../../src/identity/invite.ts';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { addCredential, createUser, deleteUser, findUserByName, removeCredential } from '../../src/identity/user.ts';
import { createFileStore } from '../../src/store/file.ts';
import type { Files } from '../../src/store/ports.ts';
import { credential } from './sample.ts';

const [, , root = '', job = '', step = '0', argument = ''] = process.argv;
const fatal = Number(step);
let changes = 0;

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('SIGKILL was not deadly');
}

function counted<A extends unknown[], R>(change: (...values: A) => R): (...values: A) => R {
  return (...values) => {
    if (++changes === fatal) die();
    return change(...values);
  };
}

const files: Files = {
  ...nodeFiles,
  create: (path, bytes) => {
    if (++changes === fatal) {
      try {
        nodeFiles.create(path, bytes.subarray(0, bytes.length / 2));
      } finally {
        die();
      }
    }
    nodeFiles.create(path, bytes);
  },
  symlink: counted(nodeFiles.symlink),
  rename: counted(nodeFiles.rename),
  unlink: counted(nodeFiles.unlink),
  mkdir: counted(nodeFiles.mkdir),
  rmdir: counted(nodeFiles.rmdir),
};

const acknowledge = (value: unknown): void => {
  writeSync(1, `${JSON.stringify(value)}\n`);
};

const store = createFileStore({
  files,
  clock: nodeClock,
  random: nodeRandom,
  root,
  log: (line) => acknowledge({ log: line }),
});
const ports: IdentityPorts = {
  store,
  clock: nodeClock,
  random: nodeRandom,
  sha256: async (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
};

async function ana(): Promise<string> {
  return (await findUserByName(ports, 'ana'))?.value.id ?? '';
}

const jobs: Record<string, () => Promise<unknown>> = {
  create: () => store.putIf('users/a', { v: 1, n: 'new' }, null),
  update: async () => store.putIf('users/a', { v: 1, n: 'new' }, (await store.get('users/a'))?.version ?? null),
  delete: async () => store.deleteIf('users/a', (await store.get('users/a'))?.version ?? ''),
  takeOnce: () => store.takeOnce('claims/c', nodeClock.now() + 60_000),
  setAside: async () => store.setAside('users/a', (await store.get('users/a'))?.version ?? '', 'for the test'),
  sweep: () => store.sweep(),
  createUser: () => createUser(ports, { name: 'ana' }),
  addCredential: async () => addCredential(ports, await ana(), credential('AAAA')),
  removeCredential: async () => removeCredential(ports, await ana(), 'AAAA'),
  deleteUser: async () => deleteUser(ports, await ana()),
  createInvite: async () => createInvite(ports, { user: await ana(), life: 60_000, recover: true }),
  useInvite: async () => useInvite(ports, await lookUpInvite(ports, argument), 'AAAA'),

  /** Everybody tries to create the same records and to take the same claims. */
  async race() {
    const won: string[] = [];
    for (let n = 0; n < 60; n++) {
      if ((await store.putIf(`race/r${n}`, { v: 1, by: process.pid }, null)) !== null) won.push(`race/r${n}`);
      if (await store.takeOnce(`once/o${n}`, nodeClock.now() + 60_000)) won.push(`once/o${n}`);
    }
    return won;
  },

  /**
   * Everybody counts in a member of one record and looks whether its own count is ever lost. Only a write that
   * the store could not tell the outcome of may have happened or not.
   */
  async count() {
    const me = `p${process.pid}`;
    let counted = 0;
    let uncertain = false;
    while (counted < 60) {
      const current = await store.get('race/counter');
      const found = Number(current?.value[me] ?? 0);
      if (uncertain && found === counted + 1) counted++;
      if (found !== counted) return { lost: counted - found };
      const next = { ...current?.value, v: 1 as const, [me]: counted + 1 };
      try {
        uncertain = false;
        if ((await store.putIf('race/counter', next, current?.version ?? null)) !== null) counted++;
      } catch (error) {
        if (!(error instanceof Fido2Error) || error.code !== 'store_unavailable') throw error;
        uncertain = true;
      }
    }
    return { counted };
  },

  /** Everybody creates and deletes one record; between the two nobody else may have created it. */
  async lock() {
    let violations = 0;
    for (let round = 0; round < 40; ) {
      const version = await store.putIf('race/lock', { v: 1, by: process.pid }, null);
      if (version === null) continue;
      round++;
      if ((await store.get('race/lock'))?.version !== version) violations++;
      if (!(await store.deleteIf('race/lock', version))) violations++;
    }
    return { violations };
  },
};

acknowledge({ done: await jobs[job]?.() });
