import type { RuleCase } from './rule-case.ts';

export const leakCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
