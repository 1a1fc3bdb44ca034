import { describe, expect, test } from 'vitest';
import { ruleGroups } from '../../../src/cli/nginx-lint/rules.ts';
import { type LintOptions, lintConf, type Parts, shippedSnippet, siteWith } from './configuration.ts';

interface Case {
  /** Where the rule finds something. */
  readonly bad: Parts & LintOptions;
  /** What comes near and is right. */
  readonly good: Parts & LintOptions;
}

const other = 'proxy_pass http://other$fido2_deny;';

/** A listener for other proxies. */
const asked = (location: string, peers = '10.0.0.7 yes;') => ({
  http: `geo $realip_remote_addr $fido2_peer { default no; ${peers} }
    server { listen 10.0.0.5:9191; include fido2/ext-authz.conf; location ^~ /ask/user/ { ${location} } }`,
});
const question = 'auth_request /fido2/authorize/user; include fido2/admit.conf;';

const cases: Readonly<Record<string, readonly Case[]>> = {
  answer_without_gate: [
    { bad: asked('return 200;'), good: asked(question) },
    { bad: asked('include fido2/admit.conf;'), good: asked(question.replace('admit.conf', 'admit-user.conf')) },
    {
      bad: asked('auth_request /fido2/authorize/user; root /srv/www;'),
      good: { server: 'location /none { return 200; }' },
    },
  ],
  anybody_asks: [{ bad: asked(question, '0.0.0.0/0 yes;'), good: asked(question, '0.0.0.0/0 no; 10.0.0.0/8 yes;') }],
  ungated_proxy: [{ bad: {}, good: { openInclude: '', openPass: 'root /srv/www;' } }],
  public_missing: [
    { bad: { openInclude: '' }, good: {} },
    {
      bad: { openInclude: 'proxy_set_header Cookie $fido2_cookies;' },
      good: { http: 'server { location / { proxy_pass http://app; } }' },
    },
    { bad: { open: 'proxy_set_header Cookie $http_cookie;' }, good: { open: 'proxy_set_header X-Mine 1;' } },
  ],
  deny_suffix_without_gate: [{ bad: { openPass: 'proxy_pass http://app$fido2_deny;' }, good: {} }],
  deny_suffix_missing: [
    { bad: { pass: 'proxy_pass http://app;' }, good: { pass: 'proxy_pass http://app$' + '{fido2_deny};' } },
    { bad: { pass: 'proxy_pass http://app$fido2_denyx;' }, good: {} },
    // auth_request inherits into a nested location
    {
      bad: { gated: 'location /app/api/ { include fido2/upstream.conf; proxy_pass http://other; }' },
      good: { gated: `location /app/api/ { include fido2/upstream.conf; ${other} }` },
    },
    {
      bad: {
        pass: 'try_files $uri @app;',
        server: 'location @app { include fido2/upstream.conf; proxy_pass http://app; }',
      },
      good: { pass: 'try_files $uri @app;', server: `location @app { include fido2/upstream.conf; ${other} }` },
    },
  ],
  deny_suffix_in_path: [
    { bad: { pass: 'proxy_pass http://app/x$fido2_deny;' }, good: { pass: 'proxy_pass http://app$fido2_deny/x$uri;' } },
    {
      bad: { pass: 'proxy_pass http://unix:/run/app.sock:/x$fido2_deny;' },
      good: { pass: 'proxy_pass http://unix:/run/app.sock$fido2_deny;' },
    },
  ],
  pass_path_replaced: [
    {
      bad: { pass: 'proxy_pass http://app$fido2_deny/x;' },
      good: { pass: 'proxy_pass http://app$fido2_deny$request_uri;' },
    },
  ],
  pass_unresolvable: [
    {
      bad: { pass: 'proxy_pass http://app.internal:3000$fido2_deny;' },
      good: { pass: 'proxy_pass http://127.0.0.1:3000$fido2_deny;' },
    },
    {
      bad: { pass: 'proxy_pass http://localhost$fido2_deny;' },
      good: { server: 'resolver 10.0.0.2;', pass: 'proxy_pass http://app.internal$fido2_deny;' },
    },
  ],
  denied_name_taken: [
    {
      bad: { http: 'upstream app.denied { server 127.0.0.1:1; }' },
      good: { http: 'upstream denied.app { server 127.0.0.1:1; }' },
    },
  ],
  identity_missing: [
    { bad: { include: 'include fido2/errors.conf;' }, good: {} },
    {
      bad: {
        gated:
          'location /app/x/ { proxy_set_header X-Mine 1; include fido2/errors.conf; proxy_pass http://app$fido2_deny; }',
      },
      good: {
        gated:
          'location /app/x/ { proxy_set_header X-Mine 1; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; }',
      },
    },
    {
      bad: { pass: 'grpc_pass grpc://app$fido2_deny;' },
      good: { include: 'include fido2/grpc.conf;', pass: 'grpc_pass grpc://app$fido2_deny;' },
    },
    {
      bad: { pass: 'fastcgi_param A b; fastcgi_pass app$fido2_deny;' },
      good: { include: 'include fido2/fastcgi.conf;', pass: 'fastcgi_param A b; fastcgi_pass app$fido2_deny;' },
    },
    {
      bad: { gated: 'proxy_set_header Fido2-Identity $http_fido2_identity;' },
      good: { gated: 'proxy_set_header X-Identity $fido2_identity;' },
    },
  ],
  session_cookie_forwarded: [
    { bad: { include: 'include fido2/errors.conf; proxy_set_header Fido2-Identity $fido2_identity;' }, good: {} },
    { bad: { gated: 'proxy_set_header Cookie $http_cookie;' }, good: { gated: 'proxy_set_header X-Cookie 1;' } },
    {
      bad: { gated: 'proxy_set_header X-All $' + '{http_cookie};' },
      good: { gated: 'proxy_set_header X-Theme $cookie_theme;' },
    },
  ],
  underscored_identity: [
    {
      bad: { http: 'underscores_in_headers on;', openInclude: 'proxy_set_header Fido2-Identity "";' },
      good: { http: 'underscores_in_headers on;' },
    },
    {
      bad: { server: 'ignore_invalid_headers off;', include: 'proxy_set_header Fido2-Identity $fido2_identity;' },
      good: { server: 'ignore_invalid_headers off;' },
    },
  ],
  believed_header: [
    {
      bad: {
        gated: 'include fido2/user.conf; proxy_set_header X-User $fido2_user;',
        pass: other,
        openPass: 'proxy_pass http://other/;',
      },
      good: { gated: 'include fido2/user.conf; proxy_set_header X-User $fido2_user;', pass: other },
    },
    {
      bad: {
        gated: 'proxy_set_header X-JWT $fido2_identity;',
        pass: other,
        server: `location /x/ { auth_request /fido2/authorize/user; include fido2/upstream.conf; ${other} }`,
      },
      good: {
        gated: 'proxy_set_header X-JWT $fido2_identity;',
        pass: other,
        server: `location /x/ { auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_set_header x-jwt ""; ${other} }`,
      },
    },
    {
      bad: {
        include: 'include fido2/upstream.conf; include fido2/remote-user.conf;',
        pass: other,
        openInclude: 'proxy_set_header Cookie ""; proxy_set_header Fido2-Identity "";',
        openPass: 'proxy_pass http://other;',
      },
      good: {
        include: 'include fido2/upstream.conf; include fido2/remote-user.conf;',
        pass: other,
        openPass: 'proxy_pass http://other;',
      },
    },
  ],
  errors_intercepted: [
    {
      bad: { pass: 'proxy_intercept_errors on; proxy_pass http://app$fido2_deny;', include: '' },
      good: { open: 'proxy_intercept_errors on;' },
    },
    {
      bad: { server: 'proxy_intercept_errors on;', include: 'include fido2/errors.conf;' },
      good: { server: 'proxy_intercept_errors on;', open: 'proxy_intercept_errors on;' },
    },
  ],
  refusal_pages_lost: [
    {
      bad: { gated: 'location /app/x/ { error_page 404 /404.html; proxy_pass http://app$fido2_deny; }' },
      good: { gated: 'error_page 404 /404.html;' },
    },
    { bad: { include: 'error_page 401 403 500 /x.html;' }, good: { open: 'error_page 404 /404.html;' } },
  ],
  shared_cache: [
    { bad: { gated: 'proxy_cache pages;' }, good: { gated: 'proxy_cache off;' } },
    { bad: { http: 'proxy_cache pages;' }, good: { open: 'proxy_cache pages;' } },
    {
      bad: { gated: 'proxy_cache pages; proxy_no_cache $fido2_identity;' },
      good: { gated: 'proxy_cache pages; proxy_no_cache $fido2_identity; proxy_cache_bypass $fido2_identity;' },
    },
    {
      bad: { gated: 'proxy_cache pages; proxy_cache_key $uri;' },
      good: { gated: 'proxy_cache pages; proxy_cache_key $uri$fido2_identity;' },
    },
  ],
  pass_chosen_by_client: [
    {
      bad: { pass: 'proxy_pass http://$arg_to$fido2_deny;' },
      good: { pass: 'proxy_pass http://$backend$fido2_deny$request_uri;' },
    },
    {
      bad: { http: 'resolver 10.0.0.2;', pass: 'proxy_pass http://$' + '{http_x}.internal$fido2_deny;' },
      good: { pass: 'proxy_pass http://app$fido2_deny$uri?to=$arg_to;' },
    },
  ],
  upstream_unverified: [
    {
      bad: { pass: 'proxy_pass https://app$fido2_deny;' },
      good: { pass: 'proxy_ssl_verify on; proxy_pass https://app$fido2_deny;' },
    },
    {
      bad: {
        server: 'proxy_ssl_verify on;',
        gated: 'proxy_ssl_verify off;',
        pass: 'proxy_pass https://app$fido2_deny;',
      },
      good: { server: 'proxy_ssl_verify on;', pass: 'proxy_pass https://app$fido2_deny;' },
    },
  ],
  return_before_gate: [
    { bad: { gated: 'return 200 hello;' }, good: { gated: 'if ($bad) { return 403; }' } },
    {
      bad: { gated: 'if ($scheme = http) { return 301 https://app.example.com; }' },
      good: { open: 'if ($arg_x) { return 301 /y; }' },
    },
    {
      bad: { gated: 'location /app/x/ { return https://example.com; }' },
      good: { gated: 'location /app/x/ { auth_request off; return 204; }' },
    },
  ],
  rewrite_out_of_gate: [
    { bad: { gated: 'rewrite ^/app/(.*)$ /$1 last;' }, good: { gated: 'rewrite ^/app/(.*)$ /$1 break;' } },
    {
      bad: { gated: 'rewrite ^/app/x /app/y.php;', server: 'location ~ ^/app/.*[.]php$ { root /srv; }' },
      good: { gated: 'rewrite ^/app/x /app/y last;' },
    },
    {
      bad: { gated: 'if ($arg_a) { rewrite ^ /admin/ last; }' },
      good: { gated: 'if ($arg_a) { rewrite ^ /app/a last; }' },
    },
    { bad: { gated: 'rewrite ^ https://example.com/ ;' }, good: { open: 'rewrite ^/old /app/ last;' } },
  ],
  satisfy_any: [
    {
      bad: { gated: 'satisfy any; allow 10.0.0.0/8; deny all;' },
      good: { gated: 'satisfy all; allow 10.0.0.0/8; deny all;' },
    },
    { bad: { http: 'satisfy any;' }, good: { open: 'satisfy any;' } },
  ],
  subrequest_around_gate: [
    { bad: { open: 'ssi on;', pass: 'proxy_pass http://app;' }, good: { open: 'ssi on;' } },
    { bad: { open: 'ssi on;', pass: 'root /srv/app;' }, good: { gated: 'ssi on;', pass: 'root /srv/app;' } },
    {
      bad: { open: 'mirror /app/copy;', pass: 'proxy_pass http://app;' },
      good: { open: 'mirror /copy;', pass: 'proxy_pass http://app;' },
    },
    {
      bad: { open: 'add_after_body /app/foot;', pass: 'root /srv/app;' },
      good: { open: 'add_after_body "";', pass: 'root /srv/app;' },
    },
  ],
  mirrored_identity: [
    {
      bad: {
        gated: 'mirror /copy;',
        server: 'location /copy { proxy_set_header Fido2-Identity $fido2_identity; proxy_pass http://other; }',
      },
      good: {
        gated: 'mirror /copy;',
        server: 'location /copy { include fido2/public.conf; proxy_pass http://other; }',
      },
    },
    {
      bad: {
        server:
          'mirror /copy; proxy_set_header Fido2-Identity $fido2_identity; location /copy { proxy_pass http://other; }',
      },
      good: { gated: 'mirror off;' },
    },
  ],
  gate_switched_off: [
    {
      bad: { gated: 'location /app/open/ { auth_request off; root /srv; }' },
      good: { gated: 'location /app/open/ { auth_request /fido2/authorize/admin; root /srv; }' },
    },
    {
      bad: { server: 'auth_request /fido2/authorize/user;', open: 'auth_request off;' },
      good: { open: 'auth_request off;' },
    },
  ],
  pass_in_if: [
    { bad: { gated: `if ($arg_x) { ${other} }` }, good: { open: 'if ($arg_x) { proxy_pass http://other; }' } },
  ],
  identity_to_error_page: [
    {
      bad: { gated: 'error_page 502 = /pub;', server: `location /pub { include fido2/upstream.conf; ${other} }` },
      good: {
        gated: 'error_page 502 = /pub;',
        server: 'location /pub { include fido2/public.conf; proxy_pass http://other; }',
      },
    },
  ],
  error_page_to_open_upstream: [
    {
      bad: {
        gated: 'error_page 404 = @open;',
        server: 'location @open { include fido2/public.conf; proxy_pass http://other; }',
      },
      good: { gated: 'error_page 404 = @open;', server: 'location @open { root /srv/errors; }' },
    },
    { bad: { gated: 'error_page 404 /missing;' }, good: { gated: 'error_page 404 /admin/missing;' } },
  ],
  body_limit_first: [{ bad: { gated: 'client_max_body_size 1m;' }, good: { gated: 'client_max_body_size 0;' } }],
  regex_before_gate: [
    {
      bad: { server: 'location ~* [.](?:css|js)$ { root /srv/www; }' },
      good: { server: 'location ~ ^/static/ { root /srv/www; }' },
    },
    {
      bad: { server: 'location ~ ^/a { include fido2/public.conf; proxy_pass http://other; }' },
      good: { server: 'location ~ ^/ap[a-z]+x/ { deny all; root /srv; } location ~ [.]env$ { return 404; }' },
    },
    {
      bad: { server: 'location ~ [.]php$ { auth_request /fido2/authorize/office; root /srv; }' },
      good: { server: 'location ~ ^/app/.*[.]php$ { auth_request /fido2/authorize/user; root /srv; }' },
    },
  ],
  gated_elsewhere: [
    {
      bad: { http: 'server { listen 80; location / { proxy_pass http://app; } }' },
      good: { http: 'server { listen 80; location / { return 301 https://app.example.com; } }' },
    },
    {
      bad: { http: 'server { listen 80; location /app/x/ { proxy_pass http://APP/; } }' },
      good: { http: 'server { listen 80; location / { allow 10.0.0.0/8; deny all; proxy_pass http://app; } }' },
    },
    {
      bad: { http: 'server { location ~ ^/a { proxy_pass http://app; } }' },
      good: { http: 'server { location / { proxy_pass http://other; } location /health { proxy_pass http://app; } }' },
    },
  ],
  merge_slashes_off: [
    { bad: { server: 'merge_slashes off;' }, good: { server: 'merge_slashes on;' } },
    { bad: { http: 'merge_slashes off;' }, good: { http: 'merge_slashes off;', openPass: 'return 404;' } },
  ],
  alias_traversal: [
    {
      bad: { server: 'location /files { alias /srv/files/; }' },
      good: { server: 'location /files/ { alias /srv/files/; } location /one { alias /srv/one; }' },
    },
    {
      bad: { server: 'location ^~ /files { alias /srv/files/; }' },
      good: { server: 'location = /files { alias /srv/files/; }' },
    },
  ],
  script_decides: [
    {
      bad: { open: 'js_import mine from mine.js; js_access mine.decide;' },
      good: { gated: 'js_import mine from mine.js; js_access mine.decide;' },
    },
    {
      bad: { http: 'js_set $mine_allows mine.f;', open: 'if ($mine_allows = "") { return 401; }' },
      good: { http: 'js_set $mine_allows mine.f;', open: 'if ($mine_allows = "") { return 301 /x; }' },
    },
    {
      bad: { http: 'js_set $mine_denies mine.f;', open: 'if ($mine_denies) { return 403; }' },
      good: { http: 'js_set $mine_denies mine.f;', open: 'if ($other) { return 403; }' },
    },
  ],
  our_path_taken: [
    {
      bad: { server: 'location ^~ /fido2/assertion/ { proxy_pass http://other; }' },
      good: { server: 'location ^~ /fido2-app/ { proxy_pass http://other; }' },
    },
  ],
  internal_exposed: [
    {
      bad: { server: 'location = /metrics { proxy_pass http://unix:/run/ngx-fido2/fido2.sock:/fido2/metrics; }' },
      good: {
        server: 'location = /metrics { deny all; proxy_pass http://unix:/run/ngx-fido2/fido2.sock:/fido2/metrics; }',
      },
    },
    {
      bad: {
        http: 'upstream counters { server unix:/run/ngx-fido2/fido2.sock; }',
        server: 'location /m/ { proxy_pass http://counters/fido2/; }',
      },
      good: {
        http: 'upstream counters { server unix:/run/app.sock; }',
        server: 'location /m/ { proxy_pass http://counters/fido2/; }',
      },
    },
  ],
  session_logged: [
    {
      bad: { http: 'log_format all "$remote_addr $http_cookie"; access_log /var/log/a all;' },
      good: { http: 'log_format all "$remote_addr $http_cookie"; access_log /var/log/a combined;' },
    },
    {
      bad: { http: 'log_format all "$uri" " $fido2_identity";', gated: 'access_log /var/log/a all;' },
      good: { http: 'log_format all "$uri $fido2_user $cookie_theme";', gated: 'access_log /var/log/a all;' },
    },
  ],
  debug_log: [
    { bad: { main: 'pcre_jit on; error_log /var/log/e debug;' }, good: { main: 'pcre_jit on; error_log debug;' } },
    { bad: { gated: 'error_log /var/log/e debug;' }, good: { gated: 'error_log /var/log/e info;' } },
  ],
  identity_to_client: [
    { bad: { gated: 'add_header X-Token $fido2_identity;' }, good: { gated: 'add_header X-User $fido2_user;' } },
    {
      bad: { server: 'location = /token { return 200 $fido2_bearer; }' },
      good: { gated: 'proxy_set_header X-Token $fido2_identity;' },
    },
  ],
  cacheable_answer: [
    { bad: { gated: 'expires 1h;' }, good: { gated: 'expires -1;' } },
    { bad: { server: 'expires modified +1d;' }, good: { open: 'expires 1h;' } },
    {
      bad: { gated: 'add_header Cache-Control "public, max-age=60";' },
      good: { gated: 'add_header Cache-Control "private, max-age=60"; expires epoch;' },
    },
  ],
  early_data: [
    { bad: { server: 'ssl_early_data on;' }, good: { server: 'ssl_early_data off;' } },
    { bad: { http: 'ssl_early_data on;' }, good: { http: 'server { ssl_early_data on; location / { return 404; } }' } },
  ],
  policy_variable: [
    {
      bad: { auth: 'set $policy admin; auth_request /fido2/authorize/$policy;' },
      good: { gated: 'set $policy admin;' },
    },
    { bad: { auth: 'auth_request $gate;' }, good: {} },
  ],
  gate_uri_invalid: [
    {
      bad: { auth: 'auth_request /fido2/authorize/User;' },
      good: { auth: 'auth_request /fido2/authorize/user/payments;' },
    },
    { bad: { auth: 'auth_request /fido2/authorize/user?x=1;' }, good: { auth: 'auth_request /fido2/optional/user;' } },
  ],
  policy_unknown: [{ bad: { auth: 'auth_request /fido2/authorize/users;' }, good: {} }],
  workload_unknown: [
    {
      bad: { auth: 'auth_request /fido2/authorize/user/payment;' },
      good: { auth: 'auth_request /fido2/authorize/user/payments;' },
    },
  ],
  workload_policy: [
    {
      bad: { auth: 'auth_request /fido2/authorize/user/books;' },
      good: { auth: 'auth_request /fido2/authorize/admin/books;' },
    },
  ],
  networks_of_balancer: [
    {
      bad: { auth: 'auth_request /fido2/authorize/office;', server: 'listen 8443 proxy_protocol;' },
      good: {
        auth: 'auth_request /fido2/authorize/office;',
        server: 'listen 8443 proxy_protocol; real_ip_header proxy_protocol; set_real_ip_from 10.1.0.1;',
      },
    },
  ],
  networks_of_peer: [{ bad: { auth: 'auth_request /fido2/authorize/office;' }, good: {} }],
  real_ip_from_anybody: [
    {
      bad: {
        auth: 'auth_request /fido2/authorize/office;',
        http: 'real_ip_header X-Forwarded-For; set_real_ip_from 0.0.0.0/0;',
      },
      good: { http: 'real_ip_header X-Forwarded-For; set_real_ip_from 0.0.0.0/0;' },
    },
  ],
  gate_location_missing: [
    {
      bad: {
        http: 'server { location / { auth_request /fido2/authorize/user; include fido2/upstream.conf; proxy_pass http://app$fido2_deny; } }',
      },
      good: { http: 'server { location / { proxy_pass http://app; } }' },
    },
  ],
  gate_shadowed: [
    {
      bad: { server: 'rewrite ^/(?!static/)[^.]*$ /index.html last;' },
      good: { server: 'rewrite ^/old/(.*)$ /app/$1 last;' },
    },
    { bad: { server: 'if ($arg_x) { rewrite ^/f /x; }' }, good: { server: 'location /x { rewrite ^/f /y; }' } },
    {
      bad: { server: 'location = /fido2/authorize/user { return 204; }' },
      good: { server: 'location /fido2app/ { return 204; }' },
    },
    // only PCRE reads it: it may match
    { bad: { server: 'rewrite ^(?>/x)$ /y;' }, good: { server: 'rewrite ^/x++$ /y;' } },
  ],
  gate_after_regex: [
    {
      bad: {
        replaced: {
          'server.conf': shippedSnippet('server.conf').replace(
            'location ^~ /fido2/authorize/',
            'location /fido2/authorize/',
          ),
        },
      },
      good: { server: 'location ~ ^/(.*)$ { root /srv; }' },
    },
  ],
  gate_not_internal: [
    { bad: { replaced: { 'server.conf': shippedSnippet('server.conf').replace('internal;', '') } }, good: {} },
  ],
  gate_cookie_unchecked: [
    {
      bad: {
        replaced: {
          'server.conf': shippedSnippet('server.conf').replace('include fido2/path.conf;', 'rewrite ^(.*)$ $1 break;'),
        },
      },
      good: {},
    },
    {
      bad: {
        replaced: { 'server.conf': shippedSnippet('server.conf').replace('if ($http_cookie !~', 'if ($http_x !~') },
      },
      good: {},
    },
    {
      bad: {
        replaced: {
          'server.conf': shippedSnippet('server.conf').replace(
            /(?<=if \(\$http_cookie !~ ")[^"]*/,
            '__Host-fido2=([\\w.-]{60,200})',
          ),
        },
      },
      good: {},
    },
  ],
  gate_timeout: [
    {
      bad: {
        replaced: {
          'server.conf': shippedSnippet('server.conf').replace('js_fetch_timeout 2s', 'js_fetch_timeout 60s'),
        },
      },
      good: {
        replaced: {
          'server.conf': shippedSnippet('server.conf').replace('js_fetch_timeout 2s', 'js_fetch_timeout 1500ms'),
        },
      },
    },
    {
      bad: { replaced: { 'server.conf': shippedSnippet('server.conf').replace('js_fetch_timeout 2s;', '') } },
      good: {},
    },
  ],
  gate_keepalive: [{ bad: { http: 'js_fetch_keepalive 32;' }, good: { http: 'js_fetch_keepalive 0;' } }],
  gate_fetch_small: [
    {
      bad: { http: 'js_fetch_max_response_buffer_size 1k;' },
      good: { http: 'js_fetch_max_response_buffer_size 64k; js_fetch_buffer_size 1m;' },
    },
    { bad: { server: 'js_fetch_buffer_size 512;' }, good: { open: 'js_fetch_buffer_size 512;' } },
  ],
  gate_engine: [
    {
      bad: { replaced: { 'server.conf': shippedSnippet('server.conf').replace('js_engine njs', 'js_engine qjs') } },
      good: { http: 'js_engine qjs;' },
    },
  ],
  script_above: [
    { bad: { http: 'js_import mine from mine.js;' }, good: { open: 'js_import mine from mine.js;' } },
    { bad: { server: 'js_import mine from mine.js;' }, good: { gated: 'js_import mine from mine.js;' } },
  ],
  zone_evicts: [
    {
      bad: {
        replaced: {
          'http.conf': shippedSnippet('http.conf').replace('zone=fido2_claims:8m', 'zone=fido2_claims:8m evict'),
        },
      },
      good: { http: 'js_shared_dict_zone zone=mine:1m evict;' },
    },
  ],
  zone_without_timeout: [
    {
      bad: {
        replaced: {
          'http.conf': shippedSnippet('http.conf').replace('zone=fido2_token:64m timeout=300s', 'zone=fido2_token:64m'),
        },
      },
      good: { http: 'js_shared_dict_zone zone=mine:1m;' },
    },
  ],
  zone_in_file: [
    {
      bad: {
        replaced: {
          'http.conf': shippedSnippet('http.conf').replace('zone=fido2_state:8m', 'zone=fido2_state:8m state=/tmp/x'),
        },
      },
      good: { http: 'js_shared_dict_zone zone=mine:1m state=/srv/x;' },
    },
  ],
  zone_small: [
    {
      bad: {
        replaced: {
          'http.conf': shippedSnippet('http.conf').replace('zone=fido2_claims:8m', 'zone=fido2_claims:512k'),
        },
      },
      good: {
        replaced: { 'http.conf': shippedSnippet('http.conf').replace('zone=fido2_claims:8m', 'zone=fido2_claims:1M') },
      },
    },
  ],
  internal_on_network: [
    {
      bad: {
        replaced: {
          'http.conf': shippedSnippet('http.conf').replace('listen unix', 'listen 127.0.0.1:8081; listen unix'),
        },
      },
      good: {},
    },
  ],
  internal_backlog: [
    {
      bad: { replaced: { 'http.conf': shippedSnippet('http.conf').replace(' backlog=4096', '') } },
      good: { replaced: { 'http.conf': shippedSnippet('http.conf').replace('backlog=4096', 'backlog=1024') } },
    },
  ],
  internal_folder_open: [{ bad: { modeOf: () => 0o40755 }, good: { modeOf: () => 0o40700 } }],
  variable_redefined: [
    { bad: { gated: 'set $fido2_deny "";' }, good: { gated: 'set $deny "";' } },
    { bad: { server: 'if ($arg_x) { set $fido2_identity x; }' }, good: {} },
    { bad: { server: 'set $fido2_asker ext_authz;' }, good: {} },
    { bad: { http: 'map $uri $fido2_deny { default ""; }' }, good: { http: 'map $fido2_user $mine { default ""; }' } },
    {
      bad: { gated: 'auth_request_set $fido2_identity $sent_http_x;' },
      good: { http: 'server { include fido2/server.conf; }' },
    },
  ],
  data_served: [
    {
      bad: {
        open: 'root /var/lib;',
        openPass: '',
        server: 'location /x { root /var; } location /lib/ngx-fido2 { root /var; }',
      },
      good: { openPass: 'root /var/www;' },
    },
    { bad: { http: 'root /;' }, good: { server: 'location /static/ { root /; }' } },
    {
      bad: { server: 'location /f/ { alias /run/ngx-fido2/; }' },
      good: { server: 'location /f/ { alias /run/ngx-fido2x/; }' },
    },
    { bad: { server: 'location /f/ { alias /var/lib/ngx-fido2/$arg_x; }' }, good: { server: 'root html;' } },
  ],
  pcre_jit_off: [{ bad: { main: '' }, good: {} }],
  tick_too_often: [
    {
      bad: { replaced: { 'http.conf': shippedSnippet('http.conf').replace('interval=1s', 'interval=100ms') } },
      good: {},
    },
  ],
};

const codes = ({ replaced, modeOf, ...parts }: Parts & LintOptions): string[] =>
  lintConf(siteWith(parts), { ...(replaced && { replaced }), ...(modeOf && { modeOf }) }).map(({ code }) => code);

const rules = ruleGroups.flatMap((group) => group.rules);

test('every rule has a case here, and every case a rule', () => {
  expect(Object.keys(cases).sort()).toEqual(rules.map(({ code }) => code).sort());
});

describe.each(Object.entries(cases))('%s', (code, each) => {
  test.each(each)('is found in $bad and not in $good', ({ bad, good }) => {
    expect(codes(bad)).toContain(code);
    expect(codes(good)).not.toContain(code);
  });
});

test('a finding names the file and the line of what to change', () => {
  const main = siteWith({ gated: 'return 200;' });
  const line = main.split('\n').findIndex((text) => text.includes('return 200;')) + 1;
  const found = lintConf(main).find(({ code }) => code === 'return_before_gate');
  expect(found).toMatchObject({ severity: 'error', file: '/etc/nginx/nginx.conf', line });
  expect(found?.reason).toBe('location /app/: return answers before the gate runs');
});

test('errors come first', () => {
  const severities = lintConf(siteWith({ main: '', gated: 'satisfy any;' })).map(({ severity }) => severity);
  expect(severities).toEqual(['error', 'warning', 'note']);
});
