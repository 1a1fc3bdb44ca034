import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { confPath, originConf, renderConf, snippets, withPaths } from '../../src/cli/nginx-conf.ts';
import { projectFolder } from '../helpers/command.ts';

// paths that hold the standard ones, so that a second replacement would show
const paths = {
  scripts: '/srv/etc/nginx/fido2/scripts',
  settings: '/var/lib/ngx-fido2/a/fido2.json',
  data: '/run/ngx-fido2/data',
  run: '/etc/nginx/fido2/run',
};

describe('the standard paths', () => {
  test.each([
    ['js_import m from /etc/nginx/fido2/fido2.js;', 'js_import m from /srv/etc/nginx/fido2/scripts/fido2.js;'],
    ['js_var $s /etc/nginx/fido2/fido2.json;', 'js_var $s /var/lib/ngx-fido2/a/fido2.json;'],
    ['include fido2/handler.conf;', 'include /srv/etc/nginx/fido2/scripts/handler.conf;'],
    ['listen unix:/run/ngx-fido2/fido2.sock;', 'listen unix:/etc/nginx/fido2/run/fido2.sock;'],
    ['root /var/lib/ngx-fido2/x;', 'root /run/ngx-fido2/data/x;'],
  ])('%s', (line, expected) => {
    expect(withPaths(line, paths)).toBe(expected);
  });

  test('of others stay', () => {
    const text = 'root /srv/run/ngx-fido2; location /fido2/ { } js_content fido2_main.handle;';
    expect(withPaths(text, paths)).toBe(text);
  });

  test('do not remain in any snippet', () => {
    for (const name of snippets) {
      const text = readFileSync(join(projectFolder, 'nginx-conf', name), 'utf8').replace(/^\s*#.*$/gm, '');
      const moved = withPaths(text, { scripts: '/s', settings: '/j', data: '/d', run: '/r' });
      // the mesh's place for its own keys
      const ours = moved.replaceAll('/run/spiffe/', '');
      expect(ours, name).not.toMatch(/\/etc\/nginx|\/var\/lib|\/run\/|include fido2/);
    }
  });

  test.each(['/a b', '/a;b', '/a$b', '/a{b', '/a"b', "/a'b", '/a\nb', '/a#b', '/a:b'])('refuse %j', (path) => {
    expect(() => confPath(path)).toThrow('nginx');
  });
});

test('the only origin is told without a map', () => {
  expect(originConf(['https://a.example:8443'])).toBe(
    '# Written from rp.origins of fido2.json.\njs_var $fido2_host a.example:8443;\njs_var $fido2_scheme https;\n',
  );
});

test('upstreams are told the first origin for every Host but those of the others', () => {
  expect(originConf(['https://a.example', 'http://localhost:8080'])).toBe(
    `# Written from rp.origins of fido2.json.
map $http_host $fido2_host {
    volatile;
    default a.example;
    localhost:8080 localhost:8080;
}
map $http_host $fido2_scheme {
    volatile;
    default https;
    localhost:8080 http;
}
`,
  );
});

test('an installation holds every snippet that another includes, and the scripts', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fido2-conf-'));
  renderConf({ ...paths, scripts: folder }, ['https://a.example']);
  const files = readdirSync(folder);
  const texts = files.filter((name) => name.endsWith('.conf')).map((name) => readFileSync(join(folder, name), 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  const named = texts.flatMap((text) => [...text.matchAll(/(?:include|from) (\/\S+);/g)].map(([, path]) => path ?? ''));
  expect(named.length).toBeGreaterThan(5);
  for (const path of named) expect(files, path).toContain(path.split('/').at(-1));
});
