import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findNginx } from '../../../src/cli/nginx-binary.ts';
import { renderConf } from '../../../src/cli/nginx-conf.ts';
import { demoConf, demoSettings } from '../../../src/cli/start/demo-conf.ts';
import { buildCommand, ngxFido2, projectFolder, runProgram } from '../../helpers/command.ts';
import { needs } from '../../helpers/needs.ts';

let folder: string;
let conf: string;

beforeAll(async () => {
  const built = await runProgram([process.execPath, 'esbuild.config.mjs'], { cwd: projectFolder });
  expect(built.stderr).toBe('');
  await buildCommand();
  folder = mkdtempSync(join(tmpdir(), 'fido2-lint-'));
  conf = join(folder, 'nginx.conf');
  for (const name of ['temp', 'run', 'data', 'fido2']) mkdirSync(join(folder, name), { mode: 0o700 });
  const settings = join(folder, 'fido2.json');
  writeFileSync(settings, demoSettings('http://localhost:8080'));
  const origins = ['http://localhost:8080'];
  renderConf(
    { scripts: join(folder, 'fido2'), settings, data: join(folder, 'data'), run: join(folder, 'run') },
    origins,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const demo = (modules: string): string =>
  demoConf({
    ...{ folder, modules, workerUser: null, workers: '1' },
    ...{ listen: [`unix:${folder}/site`], upstream: join(folder, 'app') },
  });
const check = (...args: string[]) => ngxFido2(['check', ...args]);

describe.runIf(await needs('nginx'))('by nginx -T', () => {
  test('what npm start writes is clean', async () => {
    const { modules } = await findNginx();
    writeFileSync(conf, demo(modules));
    const { status, stdout } = await check('--nginx', conf);
    expect(stdout).toContain('note: ');
    expect(stdout).toMatch(/\nok: 2 policies, 2 gated locations, 0 warnings\n$/);
    expect(status).toBe(0);
  });

  test('an error makes the status 1 and has code, file, line, reason and fix', async () => {
    const { modules } = await findNginx();
    const text = demo(modules).replace('proxy_pass http://app$fido2_deny', 'proxy_pass http://app');
    writeFileSync(conf, text);
    const line = text.split('\n').lastIndexOf('            proxy_pass http://app;') + 1;
    const { status, stdout } = await check('--nginx', conf, '--json');
    expect(status).toBe(1);
    const { ok, gated, findings } = JSON.parse(stdout);
    expect({ ok, gated }).toEqual({ ok: false, gated: 2 });
    expect(findings[0]).toEqual({
      ...{ code: 'deny_suffix_missing', severity: 'error', file: conf, line },
      reason: 'location /app: http://app does not end in $fido2_deny',
      fix: 'end the pass in $fido2_deny: proxy_pass http://app$fido2_deny;',
    });
    expect((await check('--nginx', conf)).stdout).toContain(`error: ${conf}:${line}: deny_suffix_missing: `);
  });

  test('what nginx refuses is told with nginx’s reason', async () => {
    writeFileSync(conf, 'events { }\nhttp { nonsense; }\n');
    const { status, stderr } = await check('--nginx', conf);
    expect(status).toBe(1);
    expect(stderr).toContain(`unknown directive "nonsense" in ${conf}:2`);
  });
});

describe('what nginx -T wrote elsewhere', () => {
  const dump = (): string => {
    const read = new Map<string, string>();
    const add = (path: string): void => {
      if (read.has(path)) return;
      const text = path === conf ? demo('/usr/lib/nginx/modules') : readFileSync(path, 'utf8');
      read.set(path, text);
      const code = text.replace(/^\s*#.*$/gm, '');
      for (const [, name = ''] of code.matchAll(/include (\S+);/g))
        add(name.startsWith('/') ? name : join(folder, name));
    };
    add(conf);
    return [...read].map(([path, text]) => `# configuration file ${path}:\n${text}\n`).join('\n');
  };

  test('is read from a file and from standard input', async () => {
    const file = join(folder, 'dump.txt');
    writeFileSync(file, dump());
    expect((await check('--nginx', file)).stdout).toContain('ok: 2 policies');
    const answer = await ngxFido2(['check', '--nginx', '-'], { input: dump() });
    expect(answer.stdout).toContain('ok: 2 policies');
  });

  test('is compared with the fido2.json that is named', async () => {
    const file = join(folder, 'dump.txt');
    writeFileSync(file, dump());
    const settings = join(folder, 'other.json');
    writeFileSync(settings, demoSettings('http://localhost:8080').replace('"admin"', '"root"'));
    const { status, stdout } = await check('--nginx', file, '--config', settings);
    expect(status).toBe(1);
    expect(stdout).toContain('policy_unknown: there is no policy "admin"');
  });
});
