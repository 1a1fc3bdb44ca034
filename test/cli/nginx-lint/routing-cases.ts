import type { RuleCase } from './rule-case.ts';

export const routingCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
