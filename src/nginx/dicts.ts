import { numberZone, zone } from './runtime.ts';

/**
 * Every zone, the form of its keys, its lifetimes, and what "full" does. Lifetimes go through one clamp: a zone
 * takes 32 bits of milliseconds and wraps what is longer.
 */
const longest = 2 ** 31;

function clamp(milliseconds: number): number {
  return Math.max(1, Math.min(Math.floor(milliseconds), longest));
}

function need(name: string): NgxSharedDict<string> {
  const found = zone(name);
  if (found === null) throw new Error(`zone ${name} is missing: include fido2/http.conf`);
  return found;
}

export const zoneNames = ['fido2_token', 'fido2_refused', 'fido2_claims', 'fido2_state', 'fido2_count'] as const;

export function missingZones(): string[] {
  return zoneNames.filter((name) => zone(name) === null);
}

/** What the gate looks up: authorize URI, blank, cookie. The value is the token and nothing else. */
export function entryKey(uri: string, cookie: string): string {
  return `${uri} ${cookie}`;
}

export const tokens = {
  get: (key: string): string | undefined => need('fido2_token').get(key),
  /** False where the zone is full: the request is served, only not remembered. */
  put(key: string, token: string, milliseconds: number): boolean {
    try {
      need('fido2_token').set(key, token, clamp(milliseconds));
      return true;
    } catch (_) {
      count('token_zone_full');
      return false;
    }
  },
  drop: (key: string): void => {
    need('fido2_token').delete(key);
  },
  clear: (): void => {
    need('fido2_token').clear();
    need('fido2_refused').clear();
  },
  size: (): number => need('fido2_token').size(),
};

/** Refusals of authentic cookies, "403{json}"; short, and gone without harm when the zone is full. */
export const refusals = {
  put(key: string, refusal: string, milliseconds: number): void {
    try {
      need('fido2_refused').set(key, refusal, clamp(milliseconds));
    } catch (_) {
      count('refused_zone_full');
    }
  },
  drop: (key: string): void => {
    need('fido2_refused').delete(key);
  },
};

/** Ended sessions. A full zone throws: a revocation is then repeated, never taken for done. */
export const tombstones = {
  put: (session: string, milliseconds: number): void => {
    need('fido2_state').set(`dead ${session}`, '1', clamp(milliseconds));
  },
  has: (session: string): boolean => need('fido2_state').get(`dead ${session}`) !== undefined,
};

/** What all workers share about the installation. */
export const state = {
  get: (name: string): string | undefined => need('fido2_state').get(`is ${name}`),
  set: (name: string, value: string): void => {
    need('fido2_state').set(`is ${name}`, value, longest);
  },
  add: (name: string, value: string): boolean => need('fido2_state').add(`is ${name}`, value, longest),
  remove: (name: string): void => {
    need('fido2_state').delete(`is ${name}`);
  },
  /** The zone forgets after 24 days: what must live as long as nginx is written again. */
  renew(): void {
    for (const name of ['settings', 'texts', 'generation', 'folder', 'keys', 'degraded']) {
      const value = state.get(name);
      if (value !== undefined) state.set(name, value);
    }
  },
};

/** Used challenges, and the boot id that dies with them. */
export const claims = {
  /** True for exactly one caller. Throws where the zone is full: no login without a claim. */
  take: (id: string, milliseconds: number): boolean => need('fido2_claims').add(`used ${id}`, '1', clamp(milliseconds)),
  bootId(make: () => string): string {
    const dict = need('fido2_claims');
    const there = dict.get('boot');
    if (there !== undefined) return there;
    dict.add('boot', make(), longest);
    const boot = dict.get('boot');
    if (boot === undefined) throw new Error('the boot id could not be kept');
    return boot;
  },
  /** The zone forgets after 24 days: the boot id is to live as long as nginx. */
  keepBootId(): void {
    const dict = need('fido2_claims');
    const boot = dict.get('boot');
    if (boot !== undefined) dict.set('boot', boot, longest);
  },
};

/** Adds to a counter of /fido2/metrics. A missing or full zone costs the figure, nothing else. */
export function count(name: string): void {
  try {
    numberZone('fido2_count')?.incr(name, 1, 0);
  } catch (_) {
    return;
  }
}

export function counters(): [name: string, value: number][] {
  return (numberZone('fido2_count')?.items(1024) ?? []).map((pair) => [pair[0], pair[1]]);
}
