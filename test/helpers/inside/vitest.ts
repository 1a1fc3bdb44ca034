import { JestAsymmetricMatchers, JestChaiExpect, JestExtend } from '@vitest/expect';
import * as chai from 'chai';
import { NeedsNode } from './needs-node.ts';

/**
 * Stands in for vitest where tests run in nginx: the same matchers, and a runner for what the tests here use of
 * vitest's. A file's tests run one after another, once.
 */
export interface Result {
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly error?: string;
}

type Work = (...parameters: never[]) => unknown;
type Register = (name: string, ...rest: (Work | object)[]) => void;

interface Hooks {
  readonly beforeAll: Work[];
  readonly beforeEach: Work[];
  readonly afterEach: Work[];
  readonly afterAll: Work[];
}

interface Suite extends Hooks {
  readonly name: string;
  readonly skipped: boolean;
  readonly items: (Suite | { readonly name: string; readonly skipped: boolean; readonly work: () => unknown })[];
}

for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin);
export const expect = chai.expect;

const makeSuite = (name: string, skipped: boolean): Suite => ({
  ...{ name, skipped, items: [] },
  ...{ beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] },
});
let current = makeSuite('', false);

const hook =
  (kind: keyof Hooks) =>
  (work: Work): void => {
    current[kind].push(work);
  };
export const beforeAll = hook('beforeAll');
export const beforeEach = hook('beforeEach');
export const afterEach = hook('afterEach');
export const afterAll = hook('afterAll');

function addSuite(name: string, skipped: boolean, work: () => unknown): void {
  const outer = current;
  const suite = makeSuite(name, skipped);
  outer.items.push(suite);
  current = suite;
  work();
  current = outer;
}

function addTest(name: string, skipped: boolean, work: () => unknown): void {
  current.items.push({ name, skipped, work });
}

function api(add: typeof addTest) {
  const register =
    (skipped: boolean): Register =>
    (name, ...rest) =>
      add(name, skipped, () => workOf(rest)());
  const each =
    (skipped: boolean) =>
    (rows: readonly unknown[]): Register =>
    (name, ...rest) =>
      rows.forEach((row, i) => {
        const parameters = (Array.isArray(row) ? row : [row]) as never[];
        add(`${name} [${i}]`, skipped, () => workOf(rest)(...parameters));
      });
  const when = (skipped: boolean) => Object.assign(register(skipped), { each: each(skipped) });
  const skipIf = (condition: unknown) => when(Boolean(condition));
  const runIf = (condition: unknown) => when(!condition);
  return Object.assign(when(false), { skip: when(true), skipIf, runIf });
}

function workOf(rest: readonly (Work | object)[]): Work {
  const work = rest.find((each): each is Work => typeof each === 'function');
  if (work === undefined) throw new Error('a test without a function');
  return work;
}

export const describe = api(addSuite);
export const test = api(addTest);
export const it = test;

/** Runs everything that was registered. */
export async function runRegistered(): Promise<Result[]> {
  const results: Result[] = [];
  await runSuite(current, [], { skipped: false, beforeEach: [], afterEach: [] }, results);
  return results;
}

type Inherited = Pick<Suite, 'skipped' | 'beforeEach' | 'afterEach'>;

async function runSuite(suite: Suite, path: string[], outer: Inherited, results: Result[]): Promise<void> {
  const inherited: Inherited = {
    skipped: outer.skipped || suite.skipped,
    beforeEach: [...outer.beforeEach, ...suite.beforeEach],
    afterEach: [...suite.afterEach, ...outer.afterEach],
  };
  let broken: unknown = null;
  if (!inherited.skipped) broken = await failureOf(suite.beforeAll);
  for (const item of suite.items) {
    const names = [...path, item.name];
    if ('items' in item) {
      await runSuite(item, names, inherited, results);
      continue;
    }
    const name = names.join(' > ');
    if (inherited.skipped || item.skipped) {
      results.push({ name, outcome: 'skipped' });
      continue;
    }
    const error = broken ?? (await failureOf([...inherited.beforeEach, item.work, ...inherited.afterEach]));
    results.push(resultOf(name, error));
  }
  if (!inherited.skipped) await failureOf(suite.afterAll);
}

async function failureOf(works: readonly Work[]): Promise<unknown> {
  try {
    for (const work of works) await work();
    return null;
  } catch (error) {
    return error;
  }
}

function resultOf(name: string, error: unknown): Result {
  if (error === null) return { name, outcome: 'passed' };
  if (error instanceof NeedsNode) return { name, outcome: 'skipped', error: error.message };
  const words = error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error);
  return { name, outcome: 'failed', error: words };
}
