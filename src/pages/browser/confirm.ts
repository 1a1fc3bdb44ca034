/** A confirmation in place: what the account page asks for before a change that the server wants one for. */

import { Problem, post } from './api.ts';
import { classify, type Failure, open } from './ceremony.ts';
import { requestOptions, responseJson } from './credentials.ts';
import { say } from './dom.ts';
import { noteOutcome } from './outcome.ts';
import { texts } from './page-data.ts';

/** How the passkey window ended that was to confirm, when it did not. */
export class NotConfirmed extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

async function confirm(user: string): Promise<void> {
  say(texts.accountScript.confirmFirst);
  const options = await post<PublicKeyCredentialRequestOptionsJSON>('/assertion/options', {});
  const started = performance.now();
  let credential: PublicKeyCredential;
  try {
    const publicKey = requestOptions(options);
    credential = await open((signal) => navigator.credentials.get({ publicKey, signal }));
  } catch (error) {
    const failure = classify(error, performance.now() - started, options.timeout ?? Infinity, 'get');
    noteOutcome('get', failure);
    throw new NotConfirmed(failure);
  }
  const answer = await post<{ user: string }>('/assertion/result', responseJson(credential));
  if (answer.user !== user) location.reload();
}

/** Does `action`; where the server asks for a fresh confirmation, gets one and does it again, once. */
export async function confirmed<Result>(user: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'step_up_required') throw error;
    await confirm(user);
    return action();
  }
}
