import { shippedSnippet } from './configuration.ts';
import type { RuleCase } from './rule-case.ts';

export const serverCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
