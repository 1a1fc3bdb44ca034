import { raw } from '../../helpers/client.ts';
import { gated, statusAt, type Trap, type Visitor } from './trap.ts';

const gatedBy = (uri: string, more = ''): string => gated('/app/', more).replace('/fido2/authorize/user', uri);

/** The status for somebody who comes over a balancer from an address outside the policy's networks. */
async function fromOutside({ host, place, cookie }: Visitor): Promise<string | undefined> {
  const lines = [
    `Host: ${host}`,
    `Cookie: __Host-fido2=${cookie('ada')}`,
    'X-Forwarded-For: 127.0.0.9',
    'Connection: close',
  ];
  const text = `PROXY TCP4 203.0.113.9 127.0.0.1 1000 443\r\nGET /app/x HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return (await raw({ port: place.relayPort }, text)).split(' ')[1];
}

export const policyTraps: readonly Trap[] = [
  {
    code: 'policy_variable',
    name: 'a gate that a variable is to choose',
    bad: {
      server: `set $gate user;
        location /app/ {
          auth_request /gates/$gate; # here
          include fido2/public.conf;
          proxy_pass http://app;
        }
        location / { return 204; }`,
    },
    good: { server: `set $gate admin;\n${gated('/app/')}\nlocation / { return 204; }` },
    see: async ({ visit }) => (await visit('/app/x')).app.length,
    open: 1,
    closed: 0,
  },
  {
    code: 'gate_uri_invalid',
    name: 'a gate of no policy',
    bad: { server: gatedBy('/fido2/authorize/User').replace(/(auth_request .*)/, '$1 # here') },
    good: { server: gatedBy('/fido2/authorize/user') },
    see: statusAt('/app/x'),
    open: 403,
    closed: 200,
  },
  {
    code: 'policy_unknown',
    name: 'a policy that nobody wrote',
    bad: { server: gatedBy('/fido2/authorize/users').replace(/(auth_request .*)/, '$1 # here') },
    good: { server: gatedBy('/fido2/optional/user') },
    see: statusAt('/app/x'),
    open: 403,
    closed: 200,
  },
  {
    code: 'workload_unknown',
    name: 'a workload that nobody wrote',
    bad: { server: gatedBy('/fido2/authorize/user/payment').replace(/(auth_request .*)/, '$1 # here') },
    good: { server: gatedBy('/fido2/authorize/user/payments') },
    see: statusAt('/app/x'),
    open: 403,
    closed: 200,
  },
  {
    code: 'workload_policy',
    name: 'a workload of another policy',
    bad: { server: gatedBy('/fido2/authorize/user/books').replace(/(auth_request .*)/, '$1 # here') },
    good: { server: gatedBy('/fido2/authorize/admin/books') },
    see: statusAt('/app/x'),
    open: 403,
    closed: 200,
  },
  {
    code: 'networks_of_balancer',
    name: 'a balancer’s address in place of the client’s',
    bad: { server: gatedBy('/fido2/authorize/office').replace(/(auth_request .*)/, '$1 # here') },
    good: {
      server: `real_ip_header proxy_protocol; set_real_ip_from 127.0.0.1;\n${gatedBy('/fido2/authorize/office')}`,
    },
    see: fromOutside,
    open: '200',
    closed: '403',
  },
  {
    code: 'real_ip_from_anybody',
    name: 'an address that every client may claim',
    bad: {
      server: `real_ip_header X-Forwarded-For;
        set_real_ip_from 0.0.0.0/0; # here
        ${gatedBy('/fido2/authorize/office')}`,
    },
    good: {
      server: `real_ip_header proxy_protocol; set_real_ip_from 127.0.0.1;\n${gatedBy('/fido2/authorize/office')}`,
    },
    see: fromOutside,
    open: '200',
    closed: '403',
  },
];
