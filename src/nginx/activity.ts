import { type Activity, noteActivity } from '../identity/activity.ts';
import type { Context } from './context.ts';
import { clock, log } from './runtime.ts';

/** For the account page of the user. What cannot be kept is said in the log and hinders nothing that was done. */
export async function recordActivity(
  { service, request }: Context,
  user: string,
  event: Activity['event'],
  name: string,
): Promise<void> {
  try {
    await noteActivity(service.store, user, { event, time: clock.now(), name, address: request.address });
  } catch (error) {
    log.error(`activity ${request.ref}: ${(error as Error).message}`);
  }
}
