import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { createInvite } from '../../src/identity/invite.ts';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { createUser, findUserByName } from '../../src/identity/user.ts';
import type { CreationOptionsJSON, RequestOptionsJSON } from '../../src/protocol/options.ts';
import type { Authenticator, Tamper } from './authenticator.ts';

/** Where requests go (127.0.0.1 and this port) and what Host says. */
export interface Site {
  readonly port: number;
  readonly origin: string;
}

export type HeaderValues = Readonly<Record<string, string | readonly string[]>>;

export interface RequestOptions {
  readonly method?: string;
  readonly path: string;
  /** Over the defaults; an array sends the header several times. */
  readonly headers?: HeaderValues;
  /** Value of the session cookie. */
  readonly cookie?: string | undefined;
  readonly body?: string | Uint8Array;
  /** The client's own address; any of 127.0.0.0/8. */
  readonly from?: string;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case; of a repeated header all values, joined by a comma and a blank. */
  readonly headers: Readonly<Record<string, string>>;
  readonly setCookie: readonly string[];
  readonly text: string;
  /** The body as JSON, believed to have this type. */
  json<T = Record<string, unknown>>(): T;
}

export const cookieName = '__Host-fido2';

export function request(site: Site, options: RequestOptions): Promise<Answer> {
  const { method = 'GET', path, headers = {}, cookie, body, from } = options;
  const all = {
    Host: new URL(site.origin).host,
    Connection: 'close',
    ...(cookie === undefined ? {} : { Cookie: `${cookieName}=${cookie}` }),
    ...(body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => [value].flat().flatMap((each) => [name, each]));
  return new Promise((resolve, reject) => {
    const local = from === undefined ? {} : { localAddress: from };
    const to = { host: '127.0.0.1', port: site.port, ...local };
    const sent = httpRequest({ ...to, method, path, headers: lines, setHost: false, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const distinct = Object.entries(incoming.headersDistinct).map(([name, values]) => [name, values?.join(', ')]);
        resolve({
          status: incoming.statusCode ?? 0,
          headers: Object.fromEntries(distinct) as Record<string, string>,
          setCookie: incoming.headers['set-cookie'] ?? [],
          text,
          json: <T>() => JSON.parse(text) as T,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export function get(site: Site, path: string, options: Omit<RequestOptions, 'path'> = {}): Promise<Answer> {
  return request(site, { ...options, path });
}

/** Sends JSON. */
export function post(
  site: Site,
  path: string,
  value: unknown,
  { headers = {}, ...options }: Omit<RequestOptions, 'path' | 'body'> = {},
): Promise<Answer> {
  const body = JSON.stringify(value);
  return request(site, {
    method: 'POST',
    path,
    body,
    headers: { 'Content-Type': 'application/json', ...headers },
    ...options,
  });
}

/** Sends these bytes and nothing else; resolves with all that came back when the other side has closed. */
export function raw(site: Pick<Site, 'port'>, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(site.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
    socket.setTimeout(10_000, () => socket.destroy(new Error('no end within 10 s')));
  });
}

/** The value that an answer sets our cookie to; throws where it sets none. */
export function cookieFrom(answer: Answer): string {
  const line = answer.setCookie.find((each) => each.startsWith(`${cookieName}=`));
  if (line === undefined) throw new Error(`no session cookie in ${answer.status} ${answer.text}`);
  return line.slice(cookieName.length + 1).split(';')[0] ?? '';
}

/** A site whose store the test may write to. */
export interface OwnSite extends Site {
  readonly ports: IdentityPorts;
}

export interface Enrolment {
  readonly user: string;
  readonly userId: string;
  readonly credentialId: string;
  readonly cookie: string;
  readonly invite: string;
}

/** Makes the user where there is none, and an invite, as the command does. Returns the code. */
export async function invite(
  { ports }: Pick<OwnSite, 'ports'>,
  { user, groups = [], life = 900_000 }: { user: string; groups?: readonly string[]; life?: number },
): Promise<{ code: string; userId: string }> {
  const there = await findUserByName(ports, user);
  const { value } = there ?? (await createUser(ports, { name: user, groups: [...groups] }));
  const recover = value.credentials.length > 0;
  const { code } = await createInvite(ports, { user: value.id, life, recover });
  return { code, userId: value.id };
}

/** Enrols a passkey by a new invite: both steps, each of which must succeed. */
export async function enrol(
  site: OwnSite,
  authenticator: Authenticator,
  who: { user: string; groups?: readonly string[] },
): Promise<Enrolment> {
  const { code, userId } = await invite(site, who);
  const options = expectStatus(200, await post(site, '/fido2/attestation/options', { invite: code }));
  const response = authenticator.create(options.json<CreationOptionsJSON>());
  const result = expectStatus(201, await post(site, '/fido2/attestation/result', response));
  const { credentialId } = result.json();
  return { user: who.user, userId, credentialId: String(credentialId), cookie: cookieFrom(result), invite: code };
}

export interface LoginOptions {
  readonly tamper?: Tamper;
  /** The session that goes on, or that is at the end. */
  readonly cookie?: string;
  /** Asks for a step-up for this policy; needs the cookie. */
  readonly policy?: string;
  readonly returnTo?: string;
}

/** Signs in without naming anybody, or confirms for a policy; both steps must succeed. Returns the new cookie. */
export async function login(site: Site, authenticator: Authenticator, options: LoginOptions = {}): Promise<string> {
  return cookieFrom(expectStatus(200, await loginAnswer(site, authenticator, options)));
}

/** The same, with whatever the second step answers. */
export async function loginAnswer(
  site: Site,
  authenticator: Authenticator,
  { tamper, cookie, policy, returnTo }: LoginOptions = {},
): Promise<Answer> {
  const asked = policy === undefined ? {} : { policy };
  const options = expectStatus(200, await post(site, '/fido2/assertion/options', asked, { cookie }));
  const response = authenticator.get(options.json<RequestOptionsJSON>(), tamper);
  const body = returnTo === undefined ? response : { ...response, return_to: returnTo };
  return post(site, '/fido2/assertion/result', body, { cookie });
}

function expectStatus(status: number, answer: Answer): Answer {
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer;
}
