import { createHmac, randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { join } from 'node:path';
import type { Nginx } from '../src/cli/nginx-binary.ts';
import { enrol, get, logIn } from './ceremonies.ts';
import type { DesignName, Setting } from './designs.ts';
import { freePort, type Running, startListening } from './processes.ts';
import { installSite, startSite } from './site.ts';
import { startUpstream } from './upstream.ts';

/** Everything that the gate's measurements share: an upstream, a session service, a site with a real session. */
export interface Rig {
  readonly setting: Setting;
  readonly sessionService: Running;
  /** The Cookie header of each design: three cookies of the same lengths. */
  readonly cookies: Readonly<Record<DesignName, string>>;
  /** Cookie headers of further sessions, which nothing was asked with. */
  readonly unused: readonly string[];
  stop(): Promise<void>;
}

/** Of every measured request. */
export const requestPath = '/app/orders/4711?view=full';

const furtherSessions = 60;
const otherCookies = 'theme=dark; lang=en';

export async function startRig(nginx: Nginx, folder: string): Promise<Rig> {
  const upstream = await startUpstream(nginx, folder);
  const site = await installSite(join(folder, 'gated'));
  const running = await startSite(nginx, site, { upstream: upstream.port });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const { cookie, person } = await enrol(site, 'ada.lovelace', 0);
    const unused: string[] = [];
    for (let i = 0; i < furtherSessions; i++) unused.push(cookieHeader(await logIn(person)));
    person.agent.destroy();
    const gated = cookieHeader(cookie);
    const echo = await get(agent, running.port, '/echo', gated);
    const [token = '', forwarded = ''] = echo.body.split('\n');
    if (echo.status !== 200 || token.split('.').length !== 3)
      throw new Error(`no identity: ${echo.status} ${echo.body}`);
    if (forwarded !== otherCookies) throw new Error(`the upstream was told the cookies ${forwarded}`);

    const key = randomBytes(32);
    const value = 'benchmark'.padEnd(cookie.length - 44, '-');
    const service = await freePort();
    const program = join(import.meta.dirname, 'session-service.mjs');
    const command = [process.execPath, program, String(service), key.toString('hex'), value, token];
    const sessionService = await startListening(command, service, join(folder, 'session-service.log'));
    const peer = cookieHeader(`${value}.${createHmac('sha256', key).update(value).digest('base64url')}`);
    return {
      setting: { nginx, folder, site, upstream: upstream.port, service, token, otherCookies },
      sessionService,
      cookies: { plain: gated, headers: gated, gated, quickjs: gated, service: peer },
      unused,
      stop: async () => {
        await Promise.all([sessionService.stop(), upstream.stop()]);
      },
    };
  } catch (error) {
    await upstream.stop();
    throw error;
  } finally {
    agent.destroy();
    await running.stop();
  }
}

export function cookieHeader(session: string): string {
  return otherCookies.replace('; ', `; __Host-fido2=${session}; `);
}
