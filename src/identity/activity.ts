import { array, type GenericSchema, looseObject, number, picklist, string } from 'valibot';
import { activityKey } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { readRecord, version1 } from './record.ts';

const kinds = ['login', 'registration', 'credential_removed'] as const;

/** What a person may want to know of their own account. */
export type Activity = {
  readonly event: (typeof kinds)[number];
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Name of the passkey, as it was then. */
  readonly name: string;
  readonly address: string;
};

type ActivityRecord = { readonly v: 1; readonly events: readonly Activity[] };

const activitySchema: GenericSchema<unknown, ActivityRecord> = looseObject({
  v: version1,
  events: array(looseObject({ event: picklist(kinds), time: number(), name: string(), address: string() })),
});

const kept = 10;
const attempts = 4;

/** The user's last events, the newest first. */
export async function recentActivity(store: Store, user: string): Promise<readonly Activity[]> {
  return (await readRecord(store, activityKey(user), activitySchema))?.value.events ?? [];
}

/** Keeps an event beside the last ones. In a crowd of them one may be lost: it delays nobody, and the audit has it. */
export async function noteActivity(store: Store, user: string, activity: Activity): Promise<void> {
  const key = activityKey(user);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const current = await readRecord(store, key, activitySchema);
    const events = [activity, ...(current?.value.events ?? [])].slice(0, kept);
    if ((await store.putIf(key, { v: 1, events }, current?.version ?? null)) !== null) return;
  }
}
