/** Creates a passkey and hands it to the server; used by enrolment and by the account page. */

import { fail, type Words } from './alert.ts';
import { Problem, post } from './api.ts';
import { classify, type Failure, open } from './ceremony.ts';
import { creationOptions, responseJson } from './credentials.ts';
import { byId, clear, say } from './dom.ts';
import { noteOutcome } from './outcome.ts';
import { texts } from './page-data.ts';
import { describe } from './passkey-names.ts';
import { signalUnknown } from './signals.ts';

const { creation } = texts;

export interface Registered {
  readonly id: string;
  readonly name: string;
  readonly synced: boolean;
  readonly provider: string | undefined;
}

/** How a passkey window that was to create one ended, when it did not. */
export class NotCreated extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure);
    this.failure = failure;
  }
}

export const creationFailures: Partial<Record<Failure, Words>> = {
  exists: { title: creation.existsTitle, text: creation.exists },
  keyUnfit: { title: creation.keyUnfitTitle, text: creation.keyUnfit },
  tooOld: { title: creation.tooOldTitle, text: creation.tooOld },
};

function forSecurityKey(options: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptionsJSON {
  const authenticatorSelection = {
    ...options.authenticatorSelection,
    authenticatorAttachment: 'cross-platform' as const,
  };
  return { ...options, hints: ['security-key'], authenticatorSelection };
}

async function create(options: PublicKeyCredentialCreationOptionsJSON, key: boolean): Promise<PublicKeyCredential> {
  const started = performance.now();
  try {
    const publicKey = creationOptions(key ? forSecurityKey(options) : options);
    return await open((signal) => navigator.credentials.create({ publicKey, signal }));
  } catch (error) {
    const failure = classify(error, performance.now() - started, options.timeout ?? Infinity, 'create');
    noteOutcome('create', failure);
    throw new NotCreated(failure);
  }
}

function pressed(button: HTMLElement): Promise<void> {
  return new Promise((resolve) => button.addEventListener('click', () => resolve(), { once: true }));
}

/** The passkey stands on the device already, so a broken connection is no reason to begin again. */
async function send(body: object): Promise<{ credentialId: string; name?: string }> {
  for (;;) {
    try {
      return await post('/attestation/result', body);
    } catch (error) {
      if (!(error instanceof Problem) || (error.status > 0 && error.status < 500)) throw error;
      const again = byId('send-again');
      (again.querySelector('span') ?? again).textContent = creation.sendAgain;
      fail({ title: creation.unheardTitle, text: creation.unheard, ref: error.ref });
      again.hidden = false;
      await pressed(again);
      again.hidden = true;
      clear();
    }
  }
}

/** Throws NotCreated, or the server's Problem; then the device is told to forget the passkey. */
export async function register(options: PublicKeyCredentialCreationOptionsJSON, key: boolean): Promise<Registered> {
  const credential = await create(options, key);
  const { name, synced, provider } = describe(credential);
  say(creation.sending);
  try {
    const answer = await send({ ...responseJson(credential), name });
    return { id: answer.credentialId, name: answer.name ?? name, synced, provider };
  } catch (error) {
    const rpId = options.rp.id ?? location.hostname;
    await signalUnknown(rpId, credential.id);
    throw error;
  }
}
