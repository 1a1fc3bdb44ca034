import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { projectRoot } from '../../src/cli/project-root.ts';

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

test('npm pack holds what a user needs and nothing else', () => {
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: projectRoot(),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output) as Packed[];
  const paths = (packed?.files ?? []).map(({ path }) => path);
  for (const needed of [
    ...['build/fido2_gate.js', 'build/fido2.js', 'build/fido2_pages.js', 'build/fido2_user.js', 'build/ngx-fido2'],
    ...['nginx-conf/http.conf', 'nginx-conf/server.conf', 'nginx-conf/upstream.conf', 'nginx-conf/fido2.schema.json'],
    ...['README.md', 'LICENSE', 'package.json', 'docs/configuration.md'],
  ]) {
    expect(paths).toContain(needed);
  }
  const foreign = paths.filter(
    (path) => !/^(build\/[\w.-]+|nginx-conf\/|docs\/|[A-Z]+(\.md)?$|package\.json$)/.test(path),
  );
  expect(foreign).toEqual([]);
});
