import { toBase64url } from '../bytes.ts';
import { generateSigningKey } from '../crypto/sign.ts';
import { algorithmBackends } from '../crypto/verify.ts';
import { voidInvites } from '../identity/invite.ts';
import { readMacRing } from '../identity/mac-keys.ts';
import { forgetRevocation, listRevocations } from '../identity/revocation.ts';
import { advanceSigningRing, readSigningRing } from '../identity/signing-keys.ts';
import { claims, state, tokens } from './dicts.ts';
import { noticeMetadata } from './model.ts';
import { bury, tombstoneLife } from './revoke.ts';
import { clock, log, processIds, random, subtle, type Variables, versions } from './runtime.ts';
import { adoptSettings, announceKeys, loadService, type Service } from './service.ts';
import { cryptographyOf } from './verifier.ts';

/** Milliseconds between the rarer works. */
const minute = 60_000;
/** Milliseconds for which an expired invite can still be looked at. */
const week = 604_800_000;

/** Of this context, not of any request; one that is made anew does the work of a minute early. */
let lastMinute = 0;

/**
 * Once a second in one worker: the settings after a start or reload, revocations, keys that changed, and each
 * minute rotation and sweeping. Every step may be cut off and done again.
 */
export async function tick(variables: Variables): Promise<void> {
  try {
    // A context does not live as long as its worker, which alone decides when settings on disk count.
    const started = `started ${processIds.worker}`;
    if (state.get(started) === undefined) {
      adoptSettings(variables);
      state.set(started, 'yes');
      await selfCheck(variables);
    }
    const service = await loadService(variables);
    noticeClock();
    await noticeKeys(service);
    await noticeMetadata(service.store);
    await buryRevoked(service);
    if (Math.abs(clock.now() - lastMinute) >= minute) {
      lastMinute = clock.now();
      await everyMinute(service);
    }
  } catch (error) {
    log.error(`tick: ${JSON.stringify((error as Error).message)}`);
  }
}

async function selfCheck(variables: Variables): Promise<void> {
  const service = await loadService(variables);
  const { settings, signingRing } = service;
  const backends = await algorithmBackends(cryptographyOf(service));
  const algorithms = Object.entries(backends).map(([name, backend]) => `${name} ${backend}`);
  log.warn(
    `fit: nginx ${versions.nginx}, njs ${versions.njs} on ${versions.engine}, crypto ${settings.crypto} (${algorithms.join(', ')}), ` +
      `${settings.policies.size} policies, ${signingRing.keys.length} signing keys, store ${service.folder}`,
  );
}

/** Another nginx on the same store, the command, or a worker killed half-way: one mechanism for all of them. */
async function buryRevoked(service: Service): Promise<void> {
  const life = tombstoneLife(service.settings);
  let failure: unknown = null;
  for (const revocation of await listRevocations(service.store)) {
    try {
      if (clock.now() - revocation.at > life) await forgetRevocation(service.store, revocation);
      else await bury(service, revocation);
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== null) throw failure;
}

/** A zone's entries end by the same clock: set back, it would keep them for longer than identity.refresh. */
function noticeClock(): void {
  const now = clock.now();
  if (now < Number(state.get('time') ?? 0)) tokens.clear();
  state.set('time', String(now));
}

async function noticeKeys({ store }: Service): Promise<void> {
  const mac = await readMacRing(store);
  const signing = await readSigningRing(store);
  if (mac !== null && signing !== null) announceKeys(mac.value, signing.value);
}

async function everyMinute({ store, settings, ports }: Service): Promise<void> {
  state.renew();
  claims.keepBootId();
  const holder = `${processIds.master}-${toBase64url(random.bytes(6))}`;
  if (!(await store.lease('leases/keys', holder, minute / 2))) return;
  await advanceSigningRing(store, clock.now(), settings.keys, () => generateSigningKey(subtle));
  await voidInvites(ports, ({ expires }) => clock.now() > expires + week);
  await store.sweep();
}
