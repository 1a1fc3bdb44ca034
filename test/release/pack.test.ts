import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectRoot } from '../../src/cli/project-root.ts';

let folder: string;
let packed: string;
let archive: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fido2-pack-'));
  packed = join(folder, 'package');
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  archive = join(folder, execFileSync('npm', pack, { cwd: projectRoot(), encoding: 'utf8' }).trim());
  execFileSync('tar', ['-xzf', archive, '-C', folder]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('npm pack holds what a user needs and nothing else', () => {
  const entries = readdirSync(packed, { recursive: true, encoding: 'utf8' });
  const paths = entries.filter((path) => statSync(join(packed, path)).isFile());
  for (const needed of [
    ...['build/fido2_gate.js', 'build/fido2.js', 'build/fido2_enrol.js', 'build/fido2_pages.js'],
    ...[
      'build/fido2_user.js',
      'build/fido2_txn.js',
      'build/fido2_ml_dsa.js',
      'build/ngx-fido2',
      'build/protocol.js',
      'types/protocol.d.ts',
    ],
    ...['nginx-conf/http.conf', 'nginx-conf/server.conf', 'nginx-conf/upstream.conf', 'nginx-conf/fido2.schema.json'],
    ...['deploy/Dockerfile', 'deploy/compose.yaml', 'deploy/nginx.conf', 'deploy/site/site.conf'],
    ...['README.md', 'CHANGELOG.md', 'LICENSE', 'package.json', 'docs/configuration.md'],
  ]) {
    expect(paths).toContain(needed);
  }
  const foreign = paths.filter(
    (path) => !/^(build\/[\w.-]+|(nginx-conf|deploy|docs|types)\/.*|[A-Z]+(\.md)?|package\.json)$/.test(path),
  );
  expect(foreign).toEqual([]);
  expect(statSync(archive).size).toBeLessThan(2_000_000);
});

test('every picture and document that the packed README points to is packed', () => {
  const readme = readFileSync(join(packed, 'README.md'), 'utf8');
  const targets = [...readme.matchAll(/\]\(((?:docs|deploy|nginx-conf)\/[^)#\s]+)/g)].map(([, path = '']) => path);
  expect(targets.length).toBeGreaterThan(0);
  expect(targets.filter((path) => !existsSync(join(packed, path)))).toEqual([]);
});

test('the packed command sets up an installation without the repository', () => {
  const to = join(folder, 'installed');
  const init = ['init', '--for', 'app.example.com', '--to', to];
  execFileSync(process.execPath, [join(packed, 'build/ngx-fido2'), ...init], { cwd: folder, stdio: 'pipe' });
  expect(readdirSync(to)).toEqual(expect.arrayContaining(['fido2.json', 'fido2.js', 'http.conf', 'site.conf']));
});
