import { nodeRandom, nodeSubtle } from '../../src/cli/runtime.ts';
import { deriveMacKeys, ensureMacRing } from '../../src/identity/mac-keys.ts';
import type { IdentityPorts } from '../../src/identity/record.ts';
import { cookieOf, startSession } from '../../src/identity/session.ts';

export interface MadeSession {
  readonly cookie: string;
  readonly sid: string;
}

export interface SessionOptions {
  /** Milliseconds since the sign-in; since then the session was not used. */
  readonly age?: number;
  readonly userVerified?: boolean;
  /** Milliseconds, as in the site's settings. */
  readonly absolute?: number;
}

/** A session as it would be had its owner signed in some time ago, so that no test waits for time to pass. */
export async function sessionOf(
  { ports }: { readonly ports: IdentityPorts },
  { userId, credentialId }: { readonly userId: string; readonly credentialId: string },
  { age = 0, userVerified = true, absolute = 12 * 3_600_000 }: SessionOptions = {},
): Promise<MadeSession> {
  const keys = await deriveMacKeys(nodeSubtle, (await ensureMacRing(ports)).value);
  const login = { user: userId, credential: credentialId, userVerified, agent: 'test', address: '127.0.0.1' };
  const limits = { idle: absolute, absolute };
  const session = await startSession(ports.store, nodeRandom, keys, login, limits, ports.clock.now() - age);
  return { cookie: await cookieOf(keys, session, session.authentication), sid: session.id };
}
