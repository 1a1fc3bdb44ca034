import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { algorithms } from '../../src/protocol/algorithms.ts';
import { formatsOfAllTimes } from '../../src/protocol/attestation/formats.ts';
import { ceremonySteps } from '../../src/protocol/steps.ts';
import { Authenticator } from '../helpers/authenticator.ts';
import { projectFolder, runProgram } from '../helpers/command.ts';
import { documentAt, fenceWith } from './markdown.ts';

const page = documentAt('docs/webauthn.md');
const read = (path: string): string => readFileSync(join(projectFolder, path), 'utf8');
/** The cells of the rows whose first cell has this form. */
const rows = (first: RegExp): string[][] =>
  [...page.text.matchAll(/^\| (.*) \|$/gm)]
    .map(([, cells = '']) => cells.split(' | '))
    .filter(([cell = '']) => first.test(cell));

describe.each(['registration', 'authentication'] as const)('the table of %s', (kind) => {
  const section = kind === 'registration' ? /^7\.1\./ : /^7\.2\./;
  const guards = [kind, 'response-json'].map((name) => read(`src/protocol/${name}.ts`)).join('\n');
  const cases = read(`test/protocol/${kind}-refusals.test.ts`).split(/step: (?=')/);

  test('has the steps that are guarded, in their order', () => {
    expect(rows(section).map(([step, title]) => [step, title])).toEqual(ceremonySteps[kind]);
  });

  test.each(rows(section))('%s, %s: guarded by %s, and %s is refused', (step, _, guard, refused) => {
    const name = guard?.replaceAll('`', '') ?? '';
    const isParser = name.startsWith('parse') && name.endsWith('Response');
    const lines = guards.split('\n').filter((line) => isParser || line.includes(`'${step}'`));
    expect(lines.filter((line) => line.includes(`${name}(`))).not.toEqual([]);
    const own = cases.filter((text) => text.startsWith(`'${step}'`)).join('\n');
    const spelled = (what: string): string => (what.startsWith('the format') ? 'the format ${' : what);
    expect(refused?.split('; ').filter((what) => !own.includes(spelled(what)))).toEqual([]);
  });
});

test('every format stands in its table', () => {
  const named = rows(/^`[a-z0-9-]+`$/).map(([name = '']) => name.replaceAll('`', ''));
  expect(named.sort()).toEqual([...formatsOfAllTimes.keys()].sort());
});

test('every algorithm stands in its table, with its identifier', () => {
  const told = rows(/^(?:[A-Z]+[\w-]*, )*[A-Z]+[\w-]*$/).flatMap(([names = '', ids = '']) => {
    const numbers = ids.split(', ').map(Number);
    return names.split(', ').map((name, i) => [name, numbers[i]] as const);
  });
  const known = algorithms.map(({ name, id }) => [name, id] as const);
  expect(told.filter(([, id]) => Number.isInteger(id)).sort()).toEqual(known.sort());
});

test('the cases that are named are there', () => {
  const named = [...page.text.matchAll(/^\| .* \| `(test\/[\w./-]+)`: (.*) \|$/gm)];
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter(([, path = '', title = '']) => !read(path).includes(title)).map(([whole]) => whole)).toEqual([]);
});

/** Answers each line of standard input: what the example's function of that name gives. */
const driver = `import { createInterface } from 'node:readline';
import * as example from './example.mjs';
const [session, user] = [{}, { id: Uint8Array.of(1, 2, 3), name: 'ann', displayName: 'Ann' }];
async function call([name, answer]) {
  try {
    const result = await example[name](session, ...(name.endsWith('Registration') ? [user] : []), answer);
    return result instanceof Uint8Array ? [...result] : (result ?? null);
  } catch (error) {
    return { code: error.code, step: error.step };
  }
}
for await (const line of createInterface(process.stdin)) console.log(JSON.stringify(await call(JSON.parse(line))));
`;

describe('the example, from the packed package', () => {
  let folder: string;

  beforeAll(async () => {
    const built = await runProgram([process.execPath, 'esbuild.config.mjs', 'protocol.js'], { cwd: projectFolder });
    expect(built.stderr).toBe('');
    folder = mkdtempSync(join(tmpdir(), 'fido2-protocol-'));
    const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
    const archive = join(folder, execFileSync('npm', pack, { cwd: projectFolder, encoding: 'utf8' }).trim());
    mkdirSync(join(folder, 'node_modules'));
    execFileSync('tar', ['-xzf', archive, '-C', folder]);
    renameSync(join(folder, 'package'), join(folder, 'node_modules/ngx-fido2'));
    writeFileSync(join(folder, 'example.mjs'), fenceWith(page, 'js', 'ngx-fido2/protocol'));
    writeFileSync(join(folder, 'driver.mjs'), driver);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('registers a passkey and signs in with it', async () => {
    const child = spawn(process.execPath, ['driver.mjs'], { cwd: folder, stdio: ['pipe', 'pipe', 'inherit'] });
    const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
    const call = async (name: string, answer?: object) => {
      child.stdin.write(`${JSON.stringify([name, answer])}\n`);
      return JSON.parse((await answers.next()).value ?? 'null');
    };
    const authenticator = new Authenticator({ origin: 'https://login.example.org' });
    const registration = authenticator.create(await call('startRegistration'));
    expect(await call('finishRegistration', registration)).toBeNull();
    const authentication = authenticator.get(await call('startSignIn'));
    expect(await call('finishSignIn', authentication)).toEqual([1, 2, 3]);
    await call('startSignIn');
    expect(await call('finishSignIn', authentication)).toEqual({ code: 'challenge_mismatch', step: '7.2.11' });
    child.stdin.end();
    await new Promise((resolve) => child.once('close', resolve));
  });

  test('has declarations that stand on their own', async () => {
    const use = `import { Fido2Error, verifyAuthentication, type StoredCredential } from 'ngx-fido2/protocol';
export async function signIn(answer: unknown, challenge: Uint8Array, stored: StoredCredential): Promise<number> {
  try {
    const expected = { challenge, stored, origins: ['https://a.test'], rpId: 'a.test', userVerification: 'required' } as const;
    return (await verifyAuthentication(answer, expected)).signCount;
  } catch (error) {
    if (error instanceof Fido2Error) console.log(error.code, error.step);
    throw error;
  }
}
`;
    writeFileSync(join(folder, 'use.mts'), use);
    const tsc = join(projectFolder, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--lib', 'es2023,dom', '--types', '', 'use.mts'];
    const { status, stdout } = await runProgram([process.execPath, tsc, ...options], { cwd: folder });
    expect([stdout, status]).toEqual(['', 0]);
  });

  test('names nothing of nginx', () => {
    const text = readFileSync(join(folder, 'node_modules/ngx-fido2/build/protocol.js'), 'utf8');
    expect(/\bngx\.|fido2_gate|auth_request|js_content/.exec(text)?.[0]).toBeUndefined();
  });
});
