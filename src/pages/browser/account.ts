/** The account page: lists a person's passkeys and sessions and changes them. */

import type { AccountData } from '../account.ts';
import type { PageData } from '../page.ts';
import { fill } from '../sentence.ts';
import { activityRows, passkeyRow, sessionRow } from './account-rows.ts';
import { type AccountState, type CredentialState, isOnDevice, type SessionState } from './account-state.ts';
import { get, Problem, post } from './api.ts';
import { confirmed, NotConfirmed } from './confirm.ts';
import { byId, clear, element, say, show } from './dom.ts';
import { othersKey } from './others-key.ts';
import { pageData, texts } from './page-data.ts';
import { tellProblem } from './problems.ts';
import { canUsePasskeys, tell, whileBusy } from './prompt.ts';
import { refusalWords } from './refusal-words.ts';
import { creationFailures, NotCreated, register } from './registration.ts';
import { signalAccount } from './signals.ts';

const { creation, accountScript: words } = texts;
const { user } = pageData<PageData & AccountData>();
let state: AccountState;
/** Sessions but this one, as far as they are known. */
let others = 0;

function problem(error: unknown): void {
  if (error instanceof NotCreated || error instanceof NotConfirmed) tell(error.failure, creationFailures);
  else if (error instanceof Problem && /^session_/.test(error.code)) location.reload();
  else tellProblem(error, () => void load(), refusalWords);
}

/** Shows the state anew, says what changed, and puts the focus where the change was. */
async function load(said = '', focus?: string): Promise<void> {
  try {
    state = await get<AccountState>('/account/state');
  } catch (error) {
    return problem(error);
  }
  render();
  show('account');
  clear();
  say(said);
  if (focus !== undefined) document.querySelector<HTMLElement>(focus)?.focus();
  await tellDevice();
}

function list(id: string, rows: readonly HTMLElement[]): void {
  byId(id).hidden = rows.length === 0;
  byId(id)
    .querySelector('ul')
    ?.replaceChildren(...rows);
}

function notice(title: string, text: string): HTMLElement {
  return element('div', { class: 'notice warn' }, element('p', { class: 'strong' }, title), element('p', {}, text));
}

function render(): void {
  const { credentials, sessions, activity } = state;
  const rows = (onDevice: boolean) =>
    credentials.filter((one) => isOnDevice(one) === onDevice).map((one) => passkeyRow(one, { rename, remove }));
  list('devices', rows(true));
  list('keys', rows(false));
  list(
    'sessions',
    [...sessions].sort((a, b) => Number(b.current) - Number(a.current)).map((one) => sessionRow(one, endSession)),
  );
  list('activity', activity.flatMap(activityRows));
  others = sessions.filter((one) => !one.current).length;
  byId('end-others').hidden = others === 0;
  byId('notice').replaceChildren();
  if (credentials.length === 1) byId('notice').append(notice(words.onlyTitle, words.only));
  else if (credentials.length > 0 && credentials.every((one) => !one.backupEligible)) {
    byId('notice').append(notice(words.singleTitle, words.single));
  }
}

/** Only ever with the whole list, and only where it is known whose it is. */
async function tellDevice(): Promise<void> {
  const { rpId, credentials, user: whose } = state;
  if (rpId === undefined || whose.id === undefined) return;
  const allAcceptedCredentialIds = credentials.map((one) => one.id);
  const { id: userId, name, displayName } = whose;
  await signalAccount({ rpId, userId, name, displayName, allAcceptedCredentialIds });
}

async function rename(passkey: CredentialState, name: string): Promise<void> {
  try {
    await post('/account/rename', { id: passkey.id, name });
  } catch (error) {
    problem(error);
    throw error;
  }
  await load(words.renamed, `[data-id="${passkey.id}"] button`);
}

function remove(passkey: CredentialState): void {
  const dialog = byId('remove');
  if (!(dialog instanceof HTMLDialogElement)) return;
  const only = state.credentials.length === 1;
  const now = byId('remove-now');
  byId('remove-title').textContent = fill(words.removeTitle, { name: passkey.name });
  const started = state.sessions.filter((one) => one.credential === passkey.id).length;
  const ending = started > 0 ? ` ${fill(words.removeSessions, { count: started })}` : '';
  byId('remove-text').textContent = (only ? words.removeLast : words.removeText) + ending;
  (now.querySelector('span') ?? now).textContent = only ? words.removeOnly : words.removeNow;
  now.onclick = () => {
    dialog.close();
    void removeNow(passkey);
  };
  byId('keep').onclick = () => dialog.close();
  dialog.showModal();
}

async function removeNow(passkey: CredentialState): Promise<void> {
  const group = isOnDevice(passkey) ? 'devices' : 'keys';
  await whileBusy(byId('add'), '', async () => {
    try {
      await confirmed(user, () => post('/account/remove', { id: passkey.id }));
    } catch (error) {
      return problem(error);
    }
    const rest = state.credentials.filter((one) => isOnDevice(one) === isOnDevice(passkey));
    await load(words.removed, rest.length > 1 ? `#${group} h2` : '#main');
  });
}

async function endSession(session: SessionState): Promise<void> {
  try {
    await post('/account/end-session', { sid: session.sid });
    await load(words.signedOut, '#sessions h2');
  } catch (error) {
    problem(error);
  }
}

async function endOthers(): Promise<void> {
  try {
    await post('/account/end-session', { others: true });
    await load(words.signedOutOthers, '#sessions h2');
  } catch (error) {
    problem(error);
  }
}

async function add(button: HTMLElement, key: boolean): Promise<void> {
  await whileBusy(button, creation.waiting, async () => {
    try {
      const options = await confirmed(user, () =>
        post<PublicKeyCredentialCreationOptionsJSON>('/attestation/options', {}),
      );
      say(creation.waiting);
      const made = await register(options, key);
      await load(words.passkeyAdded, `[data-id="${made.id}"] button`);
    } catch (error) {
      problem(error);
    }
  });
}

byId('add').addEventListener('click', () => void add(byId('add'), false));
byId('add-key').addEventListener('click', () => void add(byId('add-key'), true));
byId('end-others').addEventListener('click', () => void endOthers());
document.querySelector('header form')?.addEventListener('submit', () => {
  sessionStorage.setItem(othersKey, String(others));
});
if (canUsePasskeys()) void load();
