import { cookiesOf, type Revocation, revokeSessions } from '../identity/revocation.ts';
import type { Session } from '../identity/session.ts';
import type { Settings } from '../policy/settings.ts';
import { count, entryKey, refusals, tokens, tombstones } from './dicts.ts';
import { clock } from './runtime.ts';
import type { Service } from './service.ts';

/**
 * A tombstone outlives every fill that may be under way (the gate waits 2 s for one) and every entry. A shorter
 * one would let a slow fill put back what was deleted.
 */
export function tombstoneLife(settings: Settings): number {
  return Math.max(60_000, settings.identity.ttl + settings.identity.refresh);
}

/** Every URI whose answer may be remembered for a cookie. Answers that depend on more are never remembered. */
function* authorizeUris(settings: Settings): Generator<string> {
  for (const policy of settings.policies.keys()) {
    for (const prefix of ['/fido2/authorize/', '/fido2/optional/']) {
      yield prefix + policy;
      for (const workload of settings.workloads.keys()) yield `${prefix}${policy}/${workload}`;
    }
  }
}

/**
 * Tombstone first, then the entries: a fill looks for the tombstone after it has put its entry. A full zone of
 * tombstones throws, after the entries are gone.
 */
export async function bury(service: Service, revocation: Revocation): Promise<void> {
  try {
    tombstones.put(revocation.session, tombstoneLife(service.settings));
  } finally {
    await dropEntries(service, revocation);
  }
}

async function dropEntries(service: Service, revocation: Revocation): Promise<void> {
  for (const cookie of await cookiesOf(service.macKeys, revocation)) {
    for (const uri of authorizeUris(service.settings)) {
      tokens.drop(entryKey(uri, cookie));
      refusals.drop(entryKey(uri, cookie));
    }
  }
}

/** Ends sessions of a user here and, through the store, everywhere. */
export async function endSessions(service: Service, user: string, which: (session: Session) => boolean): Promise<void> {
  for (const revocation of await revokeSessions(service.store, user, which, clock.now())) {
    await bury(service, revocation);
    count('sessions_revoked');
  }
}
