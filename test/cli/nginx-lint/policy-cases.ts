import type { RuleCase } from './rule-case.ts';

export const policyCases: Readonly<Record<string, readonly RuleCase[]>> = {
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
};
