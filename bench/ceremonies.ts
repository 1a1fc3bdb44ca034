import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { nodeIdentityPorts } from '../src/cli/installation.ts';
import { createInvite } from '../src/identity/invite.ts';
import { createUser } from '../src/identity/user.ts';
import { Authenticator } from '../test/helpers/authenticator.ts';
import type { Site } from './site.ts';

/** Somebody with a passkey, reached by an address of 127.0.0.0/8 of her own: the limits count by address. */
export interface Person {
  readonly authenticator: Authenticator;
  readonly agent: Agent;
  readonly origin: string;
  readonly port: number;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The session cookie that was set, or null. */
  readonly cookie: string | null;
}

/** Enrols by an invite; the person and the session that starts with it. */
export async function enrol(
  site: Site,
  name: string,
  number: number,
  groups: readonly string[] = ['staff', 'engineers'],
): Promise<{ person: Person; cookie: string }> {
  const ports = nodeIdentityPorts(join(site.folder, 'data'));
  const { value: user } = await createUser(ports, { name, displayName: name, groups: [...groups] });
  const { code } = await createInvite(ports, { user: user.id, life: 600_000, recover: false });
  const person: Person = {
    authenticator: new Authenticator({ origin: site.origin }),
    agent: addressOf(number),
    origin: site.origin,
    port: site.port,
  };
  const options = await post(person, '/fido2/attestation/options', { invite: code });
  const response = person.authenticator.create(JSON.parse(options.body));
  const { cookie } = await post(person, '/fido2/attestation/result', response);
  if (cookie === null) throw new Error('enrolment started no session');
  return { person, cookie };
}

/** One connection from an address of 127.0.0.0/8 that only this number has. */
export function addressOf(number: number): Agent {
  const localAddress = `127.0.${1 + (number >> 7)}.${1 + (number & 127)}`;
  return new Agent({ keepAlive: true, maxSockets: 1, localAddress });
}

/** One login from options to the session cookie. */
export async function logIn(person: Person): Promise<string> {
  const options = await post(person, '/fido2/assertion/options', {});
  const response = person.authenticator.get(JSON.parse(options.body));
  const { cookie } = await post(person, '/fido2/assertion/result', response);
  if (cookie === null) throw new Error('the login started no session');
  return cookie;
}

/** Throws on any status that is not 2xx. */
export async function post({ agent, origin, port }: Person, path: string, body: object): Promise<Answer> {
  const text = JSON.stringify(body);
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    Host: origin.slice('http://'.length),
    Origin: origin,
    'User-Agent': 'benchmark',
  };
  const answer = await send({ agent, port, path, method: 'POST', headers }, text);
  if (answer.status < 200 || answer.status > 299) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return answer;
}

export function get(agent: Agent, port: number, path: string, cookie: string): Promise<Answer> {
  return send({ agent, port, path, method: 'GET', headers: { Cookie: cookie } }, '');
}

function send(
  options: { agent: Agent; port: number; path: string; method: string; headers: Record<string, string | number> },
  text: string,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', ...options }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      incoming.on('error', reject);
      incoming.on('end', () => {
        const set = incoming.headers['set-cookie']?.find((line) => line.startsWith('__Host-fido2='));
        const cookie = set === undefined ? null : set.slice('__Host-fido2='.length, set.indexOf(';'));
        resolve({ status: incoming.statusCode ?? 0, body, cookie });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
