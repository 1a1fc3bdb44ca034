import { shippedSnippet } from './configuration.ts';
import type { RuleCase } from './rule-case.ts';

export const gateCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
