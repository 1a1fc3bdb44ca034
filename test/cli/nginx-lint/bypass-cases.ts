import type { RuleCase } from './rule-case.ts';

const other = 'proxy_pass http://other$fido2_deny;';

export const bypassCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
