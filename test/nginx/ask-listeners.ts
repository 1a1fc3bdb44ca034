import { freePort } from '../helpers/free-port.ts';
import type { ConfText } from '../helpers/site-conf.ts';

/** A client's request, and the location that is asked about it. */
export interface Asked {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly address: string;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** How each kind of proxy asks. */
export const askers = {
  'ext-authz': ({ name, method, path, address }: Asked): Question => ({
    method,
    path: `/ask/${name}${path}`,
    headers: { 'X-Forwarded-For': address },
  }),
  'forward-auth': ({ name, method, path, address }: Asked): Question => ({
    method: 'GET',
    path: `/ask/${name}/`,
    headers: { 'X-Forwarded-For': address, 'X-Forwarded-Method': method, 'X-Forwarded-Uri': path },
  }),
  'auth-url': ({ name, method, path, address }: Asked): Question => ({
    method: 'GET',
    path: `/ask/${name}/`,
    headers: {
      'X-Forwarded-For': address,
      'X-Original-Method': method,
      'X-Original-URL': `http://localhost${path}`,
    },
  }),
} as const;

const policies = ['user', 'admin', 'home', 'reader', 'crossed'];

/** A listener of each kind, with a location for each policy, for 127.0.0.1 alone. */
export async function askListeners(): Promise<{
  conf: ConfText;
  ports: Readonly<Record<keyof typeof askers, number>>;
}> {
  const [first, second, third] = [await freePort(), await freePort(), await freePort()];
  const ports = { 'ext-authz': first, 'forward-auth': second, 'auth-url': third };
  const locations = [
    ...policies.map(
      (name) => `location ^~ /ask/${name}/ { auth_request /fido2/authorize/${name}; include fido2/admit.conf; }`,
    ),
    'location ^~ /ask!upgrade/user/ { auth_request /fido2/authorize/user!upgrade; include fido2/admit.conf; }',
    'location ^~ /ask!preflight/reader/ { auth_request /fido2/preflight/reader; include fido2/admit.conf; }',
    'location ^~ /ask!preflight/crossed/ { auth_request /fido2/preflight/crossed; include fido2/admit.conf; }',
    'location ^~ /ask/maybe/ { auth_request /fido2/optional/user; include fido2/admit.conf; }',
    'location ^~ /ask/told/ { auth_request /fido2/authorize/user; include fido2/admit-user.conf; }',
    'location ^~ /ask/broken/ { auth_request /fido2/authorize/broken; include fido2/admit.conf; }',
    'location = /fido2/authorize/broken { internal; return 418; }',
    'location ^~ /ask/somebody/ { auth_request /fido2/authorize/somebody; include fido2/admit.conf; }',
    'location = /fido2/authorize/somebody { internal; return 204; }',
  ];
  const server = ([snippet, port]: [string, number]) => `server {
        listen 127.0.0.1:${port};
        include fido2/${snippet}.conf;
        ${locations.join('\n        ')}
    }`;
  const peers = 'include fido2/askers.conf; geo $realip_remote_addr $fido2_peer { default no; 127.0.0.1 yes; }';
  return { ports, conf: [peers, ...Object.entries(ports).map(server)].join('\n    ') };
}
