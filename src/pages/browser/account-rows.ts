/** The rows of the account page: one passkey, one session. */

import { fill } from '../sentence.ts';
import { type ActivityState, type CredentialState, isOnDevice, type SessionState } from './account-state.ts';
import { byId, element, sentence } from './dom.ts';
import { texts } from './page-data.ts';
import { agentNames, providerName } from './passkey-names.ts';
import { moment } from './times.ts';

const words = texts.accountScript;

export interface PasskeyActions {
  rename(passkey: CredentialState, name: string): Promise<void>;
  remove(passkey: CredentialState): void;
}

function icon(id: string): HTMLElement {
  const template = byId(id);
  const tile = element('span', { class: 'mark' });
  if (template instanceof HTMLTemplateElement) tile.append(template.content.cloneNode(true));
  return tile;
}

function dotted(parts: readonly (HTMLElement | string)[]): HTMLElement {
  const line = element('p', { class: 'help' });
  parts.forEach((part, index) => {
    line.append(index > 0 ? ' · ' : '', part);
  });
  return line;
}

function tag(text: string): HTMLElement {
  return element('span', { class: 'tag' }, text);
}

function button(kind: string, text: string, spoken: string, press: () => void): HTMLButtonElement {
  const made = element('button', { class: kind, type: 'button', 'aria-label': spoken }, text);
  made.addEventListener('click', press);
  return made;
}

function title(name: string, mark: string | false): HTMLElement {
  return element('p', { class: 'name' }, element('bdi', {}, name), ...(mark === false ? [] : [' ', tag(mark)]));
}

/** Turns the name into a field: Enter saves, Escape restores, and the focus goes back to where it was. */
function edit(row: HTMLElement, passkey: CredentialState, actions: PasskeyActions): void {
  const before = [...row.childNodes];
  const field = element('input', {
    value: passkey.name,
    maxlength: '64',
    'aria-label': fill(words.newName, { name: passkey.name }),
  });
  const form = element('form', { class: 'edit' }, field, element('button', { class: 'quiet' }, words.save));
  const restore = () => {
    row.replaceChildren(...before);
    row.querySelector('button')?.focus();
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = field.value.trim();
    if (name === '' || name === passkey.name) restore();
    else void actions.rename(passkey, name).catch(restore);
  });
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') restore();
  });
  row.replaceChildren(form);
  field.select();
}

/** What there is to know of the loss of the device, where that would be the loss of the passkey. */
function backup(passkey: CredentialState): string[] {
  if (!isOnDevice(passkey) || passkey.backedUp) return [];
  return [passkey.backupEligible ? words.notBackedUp : words.staysThere];
}

export function passkeyRow(passkey: CredentialState, actions: PasskeyActions): HTMLElement {
  const provider = providerName(passkey.aaguid);
  const { name, lastUsed: used } = passkey;
  const facts = dotted([
    ...(provider === undefined || provider === passkey.name ? [] : [provider]),
    element('span', {}, ...sentence(words.added, { date: moment(passkey.created, 'date') })),
    used === null ? words.neverUsed : element('span', {}, ...sentence(words.used, { time: moment(used, 'relative') })),
    ...backup(passkey),
  ]);
  const row = element('li', { 'data-id': passkey.id });
  row.append(
    icon(isOnDevice(passkey) ? 'icon-device' : 'icon-key'),
    element('div', {}, title(passkey.name, passkey.current && words.thisSignIn), facts),
    element(
      'div',
      { class: 'row-actions' },
      button('text', words.rename, fill(words.renameOf, { name }), () => edit(row, passkey, actions)),
      button('text danger', words.remove, fill(words.removeOf, { name }), () => actions.remove(passkey)),
    ),
  );
  return row;
}

export function sessionRow(session: SessionState, end: (session: SessionState) => void): HTMLElement {
  const { browser, system } = agentNames(session.userAgent ?? '');
  const agent = fill(words.agent, { browser, system });
  const facts = dotted([
    element('span', {}, ...sentence(words.started, { time: moment(session.created, 'relative') })),
    element('span', {}, ...sentence(words.lastSeen, { time: moment(session.lastSeen, 'relative') })),
    element('bdi', {}, session.address),
  ]);
  const row = element(
    'li',
    {},
    icon('icon-session'),
    element('div', {}, title(agent, session.current && words.thisSession), facts),
  );
  if (!session.current) {
    const press = () => end(session);
    row.append(
      element('div', { class: 'row-actions' }, button('text', words.signOut, fill(words.signOutOf, { agent }), press)),
    );
  }
  return row;
}

const activities: Readonly<Record<string, readonly [icon: string, text: string]>> = {
  login: ['icon-touch', words.activityLogin],
  registration: ['icon-add', words.activityRegistration],
  credential_removed: ['icon-gone', words.activityRemoval],
};

/** None for an event of a later version. */
export function activityRows({ event, time, name, address }: ActivityState): HTMLElement[] {
  const known = Object.hasOwn(activities, event) ? activities[event] : undefined;
  if (known === undefined) return [];
  const [mark, text] = known;
  const facts = dotted([element('span', {}, moment(time, 'relative')), element('bdi', {}, address)]);
  return [
    element(
      'li',
      {},
      icon(mark),
      element('div', {}, element('p', {}, ...sentence(text, { name: element('bdi', {}, name) })), facts),
    ),
  ];
}
