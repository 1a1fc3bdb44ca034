import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Directive, parseConf } from '../../../src/cli/nginx-tree.ts';
import { type CrossplaneDirective, crossplaneTrees, hasCrossplane } from '../../helpers/crossplane.ts';
import { confFiles, shippedConf, siteWith } from './configuration.ts';

const http = (text: string): string => `events { }\nhttp {\n${text}\n}\n`;
const location = (text: string): string => http(`server {\n  location / {\n    ${text}\n  }\n}`);
const dollar = '$';

const configurations: readonly string[] = [
  shippedConf,
  siteWith({}),
  siteWith({ include: 'include fido2/grpc.conf;', pass: `grpc_pass grpc://app${dollar}fido2_deny;` }),
  siteWith({ include: 'include fido2/fastcgi.conf;', pass: `fastcgi_pass app${dollar}fido2_deny;` }),
  siteWith({ include: 'include fido2/uwsgi.conf;', pass: `uwsgi_pass app${dollar}fido2_deny;` }),
  siteWith({ server: 'include fido2/discovery.conf;', gated: 'include fido2/user.conf;' }),
  siteWith({ gated: 'location ~ "^/app/(?<n>\\d{1,3})$" { return 404; }' }),
  http(''),
  http('# only a comment'),
  http('sendfile on; # after it\n\n\ntcp_nopush on;'),
  http('log_format json escape=json \'{"a":"$remote_addr",\'\n  \'"b":"$uri"}\';'),
  http('map $uri $x {\n default 0;\n "~^/q(?<n>\\d{1,3})$" $n;\n ~*\\.php$ 2;\n}'),
  http('geo $g {\n default 0;\n 10.0.0.0/8 1;\n}\nsplit_clients "$remote_addr" $v { 50% a; * b; }'),
  http('types { text/html html htm; image/png png; }'),
  http('upstream u { server 127.0.0.1:1 weight=2 max_fails=0; server unix:/a.sock backup; keepalive 3; }'),
  http('server { server_name ~^(?<sub>[a-z]+)\\.example\\.com$ "" _ *.a.test; listen [::]:80; }'),
  location('if ($request_method = POST) { return 405; }'),
  location('if ($http_cookie ~* "id=([^;]+)(?:;|$)") {\n set $id $1;\n }'),
  location('if (-f $request_filename) { break; }'),
  location('add_header X "a;b } {c";'),
  location('add_header X \'it is "so"\';'),
  location('add_header X a$' + '{uri}b;'),
  location('add_header X "line one\n  line two";\n add_header Y z;'),
  location('rewrite ^/a/(\\w+)/?$ /b?c=$1&d=\\$ last;'),
  location('return 200 "tab\\d and dot\\.";'),
  location('content_by_lua_block { ngx.say("hi } {") -- }\n }\n return 200;'),
  location('access_by_lua_block {\n local t = { a = { } }\n if t then return end\n }\n proxy_pass http://a;'),
  location('limit_except GET { deny all; }\nproxy_set_header Host $host;'),
  location('try_files $uri $uri/ @x;\n} location @x { proxy_pass http://a;'),
  location('location ~* \\.(gif|jpe?g)$ { expires 30d; location ^~ /deep/ { internal; } }'),
  http('server {\n}\nserver { } server{listen 80;}'),
  'user nobody;\nworker_processes auto;events{worker_connections 1024;}http{server{listen 80;location=/x{return 204;}}}',
  'load_module modules/a.so;\nstream {\n upstream s { server a:1; }\n server { listen 1; proxy_pass s; }\n}\nevents { }\n',
];

/**
 * The file is left out, for crossplane names the included one for what follows an include too. It leaves the brackets of an `if` out, and keeps the script
 * of a Lua block as an argument.
 */
function asCrossplane({ name, args, line, block, script }: Directive): CrossplaneDirective {
  const words = name === 'if' ? args.map((arg, i) => bare(arg, i === 0, i === args.length - 1)) : args;
  const shown = { directive: name, args: words.filter((word) => name !== 'if' || word !== ''), line };
  if (script !== undefined) return { ...shown, args: [...args, script] };
  return block === undefined ? shown : { ...shown, block: block.map(asCrossplane) };
}

const bare = (arg: string, first: boolean, last: boolean): string =>
  (first ? arg.replace(/^\(/, '') : arg).replace(last ? /\)$/ : /$^/, '');

/** crossplane keeps most backslashes; nginx does not (ngx_conf_read_token). */
const meant = (word: string): string =>
  word.replace(/\\(["'\\trn])/g, (_, char: string) => ({ t: '\t', r: '\r', n: '\n' })[char] ?? char);

const asNginx = ({ directive, args, line, block }: CrossplaneDirective): CrossplaneDirective => ({
  ...{ directive: meant(directive), args: directive.endsWith('_by_lua_block') ? args : args.map(meant), line },
  ...(block === undefined ? {} : { block: block.map(asNginx) }),
});

describe.runIf(await hasCrossplane())('the tree is crossplane’s', () => {
  test(`on ${configurations.length} configurations`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fido2-trees-'));
    try {
      const cases = configurations.map((text, i) => {
        const main = join(folder, String(i), 'nginx.conf');
        const texts = confFiles(text, {}, dirname(main));
        for (const [path, content] of texts) {
          mkdirSync(dirname(path), { recursive: true });
          writeFileSync(path, content);
        }
        return { main, texts };
      });
      const theirs = await crossplaneTrees(cases.map(({ main }) => main));
      for (const [i, each] of cases.entries()) {
        expect(parseConf(each).map(asCrossplane), `configuration ${i}`).toEqual(theirs[i]?.map(asNginx));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
