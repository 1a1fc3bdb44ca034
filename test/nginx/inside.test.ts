import { beforeAll, describe, expect, it } from 'vitest';
import { insideNginx, type Result } from '../helpers/inside.ts';
import { needs } from '../helpers/needs.ts';

/** Suites of the core layers that need little of Node: they hold in nginx's QuickJS, with its WebCrypto, as well. */
const files = [
  ...['mac', 'sign', 'verify'].map((name) => `test/crypto/${name}.test.ts`),
  ...['cbor', 'client-data', 'der', 'extensions', 'level3-vectors', 'options', 'recorded-devices'].map(
    (name) => `test/protocol/${name}.test.ts`,
  ),
  ...['duration', 'evaluate', 'settings'].map((name) => `test/policy/${name}.test.ts`),
  ...['challenge', 'group', 'identity-token', 'invite', 'mac-keys', 'record', 'session', 'signing-keys', 'user'].map(
    (name) => `test/identity/${name}.test.ts`,
  ),
];

describe.runIf(await needs('nginx'))('inside nginx', () => {
  let run: (file: string) => Promise<Result[]>;
  let passed = 0;

  beforeAll(async () => {
    run = await insideNginx(files);
  });

  it.each(files)('%s', async (file) => {
    const results = await run(file);
    expect(results.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(results).not.toEqual([]);
    passed += results.filter(({ outcome }) => outcome === 'passed').length;
  });

  it('that was more than a few', () => {
    expect(passed).toBeGreaterThan(300);
  });
});
