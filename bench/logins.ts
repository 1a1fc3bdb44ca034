import { existsSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { projectRoot } from '../src/cli/project-root.ts';
import { Authenticator } from '../test/helpers/authenticator.ts';
import { addressOf, enrol, get, logIn, type Person, post } from './ceremonies.ts';
import { cpuTime, freePort, startListening } from './processes.ts';
import { cookieHeader, requestPath } from './rig.ts';
import { installSite, startSite } from './site.ts';
import { startUpstream } from './upstream.ts';

/** A login is options, assertion, result: two requests, one signature verified, one session recorded. */
export interface Logins {
  readonly logins: number;
  /** Logins a second, as many at a time as `lanes`. */
  readonly rate: number;
  /** Milliseconds of processor time of the server for each. */
  readonly cpu: number;
}

export interface Misses {
  readonly requests: number;
  /** Microseconds of processor time of nginx's worker: answered from memory, and decided and signed anew. */
  readonly hit: number;
  readonly miss: number;
}

/** So many that each has a handful of sessions at the end, as people have. */
const people = 200;
const lanes = 8;

/** Logins on one worker with records in files, then the first request of each session that they started. */
export async function measureLogins(
  nginx: Nginx,
  folder: string,
  crypto: 'auto' | 'portable',
  count: number,
): Promise<{ logins: Logins; misses: Misses }> {
  const upstream = await startUpstream(nginx, folder);
  const site = await installSite(join(folder, `logins-${crypto}`), { crypto });
  const running = await startSite(nginx, site, { upstream: upstream.port });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const everybody: Person[] = [];
  try {
    for (let i = 0; i < people; i++) everybody.push((await enrol(site, `user${i}`, i)).person);
    const { logins, cookies } = await logInRepeatedly(everybody, count, () => cpuTime(running.worker));
    const first = await timeRequests(agent, running.port, running.worker, cookies);
    const again = await timeRequests(agent, running.port, running.worker, cookies);
    return { logins, misses: { requests: cookies.length, hit: again, miss: first } };
  } finally {
    agent.destroy();
    for (const { agent: own } of everybody) own.destroy();
    await running.stop();
    await upstream.stop();
  }
}

/** The same of a Node service on @simplewebauthn/server, without nginx before it; null where it is not installed. */
export async function measurePeerLogins(folder: string, count: number): Promise<Logins | null> {
  const bench = join(projectRoot(), 'bench');
  if (!existsSync(join(bench, 'node_modules/@simplewebauthn/server'))) return null;
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const program = join(bench, 'peers/webauthn-service.mjs');
  const command = [process.execPath, program, String(port), origin, join(folder, 'peer')];
  const service = await startListening(command, port, join(folder, 'webauthn-service.log'));
  const everybody: Person[] = [];
  try {
    for (let i = 0; i < people; i++) {
      const person = { authenticator: new Authenticator({ origin }), agent: addressOf(i), origin, port };
      everybody.push(person);
      const options = await post(person, '/fido2/attestation/options', {});
      await post(person, '/fido2/attestation/result', person.authenticator.create(JSON.parse(options.body)));
    }
    return (await logInRepeatedly(everybody, count, () => cpuTime(service.pid))).logins;
  } finally {
    for (const { agent } of everybody) agent.destroy();
    await service.stop();
  }
}

/** Each lane has people of its own: nobody logs in twice at a time. */
async function logInRepeatedly(
  everybody: readonly Person[],
  count: number,
  time: () => number,
): Promise<{ logins: Logins; cookies: string[] }> {
  for (const person of everybody) await logIn(person);
  const cookies: string[] = [];
  const each = Math.ceil(count / lanes);
  const lane = async (number: number): Promise<void> => {
    const own = everybody.filter((_, i) => i % lanes === number);
    for (let i = 0; i < each; i++) {
      const person = own[i % own.length];
      if (person !== undefined) cookies.push(await logIn(person));
    }
  };
  const before = time();
  const start = process.hrtime.bigint();
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const logins = cookies.length;
  return { logins: { logins, rate: logins / seconds, cpu: (time() - before) / 1000 / logins }, cookies };
}

async function timeRequests(agent: Agent, port: number, worker: number, cookies: readonly string[]): Promise<number> {
  const before = cpuTime(worker);
  for (const cookie of cookies) {
    const { status } = await get(agent, port, requestPath, cookieHeader(cookie));
    if (status !== 200) throw new Error(`a session just started was answered ${status}`);
  }
  return (cpuTime(worker) - before) / cookies.length;
}
