import type { RuleCase } from './rule-case.ts';

const other = 'proxy_pass http://other$fido2_deny;';

export const upstreamCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
