import type { RuleCase } from './rule-case.ts';

const other = 'proxy_pass http://other$fido2_deny;';

export const coverageCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
