import { type GenericSchema, looseObject, number } from 'valibot';
import { describe, expect, test } from 'vitest';
import { deleteRecord, readRecord, updateRecord, version1 } from '../../src/identity/record.ts';
import { testPorts } from './ports.ts';

type Counter = { readonly v: 1; readonly n: number };
const schema: GenericSchema<unknown, Counter> = looseObject({ v: version1, n: number() });

describe('readRecord', () => {
  test('gives the typed value with its version, null for none', async () => {
    const { store } = testPorts();
    expect(await readRecord(store, 'counters/a', schema)).toBeNull();
    const version = await store.putIf('counters/a', { v: 1, n: 3 }, null);
    expect(await readRecord(store, 'counters/a', schema)).toEqual({ value: { v: 1, n: 3 }, version });
  });

  test('sets a record aside that does not fit, with the member that is wrong', async () => {
    const { store, log } = testPorts();
    await store.putIf('counters/a', { v: 1, n: 'three' }, null);
    expect(await readRecord(store, 'counters/a', schema)).toBeNull();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/counters\/a set aside .*: n: /);
    expect(await store.list('counters')).toEqual([]);
  });

  test('keeps members that it does not know when it writes', async () => {
    const { store } = testPorts();
    await store.putIf('counters/a', { v: 1, n: 1, later: 'yes' }, null);
    await updateRecord(store, 'counters/a', schema, (value) => ({ ...value, n: value.n + 1 }));
    expect((await store.get('counters/a'))?.value).toEqual({ v: 1, n: 2, later: 'yes' });
  });
});

describe('updateRecord', () => {
  test('repeats the change on what others wrote', async () => {
    const { store } = testPorts();
    await store.putIf('counters/a', { v: 1, n: 0 }, null);
    await Promise.all(
      Array.from({ length: 10 }, () =>
        updateRecord(store, 'counters/a', schema, (value) => ({ ...value, n: value.n + 1 })),
      ),
    );
    expect((await store.get('counters/a'))?.value).toEqual({ v: 1, n: 10 });
  });

  test('gives up, saying unavailable, when others are always faster', async () => {
    const { store } = testPorts();
    await store.putIf('counters/a', { v: 1, n: 0 }, null);
    const slow = { ...store, putIf: async () => null };
    await expect(updateRecord(slow, 'counters/a', schema, (value) => value)).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });

  test('writes nothing for null and knows what is not there', async () => {
    const { store } = testPorts();
    const version = await store.putIf('counters/a', { v: 1, n: 0 }, null);
    expect((await updateRecord(store, 'counters/a', schema, () => null)).version).toBe(version);
    await expect(updateRecord(store, 'counters/b', schema, (value) => value)).rejects.toMatchObject({
      code: 'not_found',
    });
  });
});

test('deleteRecord tells whether there was one', async () => {
  const { store } = testPorts();
  await store.putIf('counters/a', { v: 1, n: 0 }, null);
  expect(await deleteRecord(store, 'counters/a')).toBe(true);
  expect(await deleteRecord(store, 'counters/a')).toBe(false);
});
