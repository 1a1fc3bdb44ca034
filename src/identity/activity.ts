import { type GenericSchema, looseObject, number, picklist, safeParse, string } from 'valibot';
import type { User } from './user.ts';

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

const activitySchema: GenericSchema<unknown, Activity> = looseObject({
  event: picklist(kinds),
  time: number(),
  name: string(),
  address: string(),
});

const kept = 10;

/**
 * The user's last events, the newest first. They stand in the user's record, which changes with each of them anyway,
 * and are read here alone: nobody else who reads the record pays for them.
 */
export function recentActivity({ activity = [] }: Pick<User, 'activity'>): Activity[] {
  return activity.flatMap((each) => {
    const parsed = safeParse(activitySchema, each);
    return parsed.success ? [parsed.output] : [];
  });
}

/** The record's member with one event more, or as it was for null. */
export function withActivity(
  { activity = [] }: Pick<User, 'activity'>,
  event: Activity | null,
): Pick<User, 'activity'> {
  return { activity: event === null ? activity : [event, ...activity].slice(0, kept) };
}
