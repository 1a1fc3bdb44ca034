/** Enrolment: looks whom the link is for, creates the passkey, names it, and offers a second one. */

import type { EnrolData } from '../enrol.ts';
import type { PageData } from '../page.ts';
import { fill } from '../sentence.ts';
import { get, Problem, post } from './api.ts';
import { byId, clear, inputById, say, show } from './dom.ts';
import { pageData, texts } from './page-data.ts';
import { providerName } from './passkey-names.ts';
import { tellProblem } from './problems.ts';
import { canUsePasskeys, tell, whileBusy } from './prompt.ts';
import { refusalWords } from './refusal-words.ts';
import { creationFailures, NotCreated, type Registered, register } from './registration.ts';
import { dateAndTime } from './times.ts';

const { creation, enrol } = texts;
const codeKey = 'fido2.invite';
const challengeLife = 240_000;

interface InviteJson extends PublicKeyCredentialCreationOptionsJSON {
  /** Milliseconds since 1970. */
  readonly inviteExpires?: number;
}

let options: InviteJson;
let renewAt = 0;

/** The code leaves the address at once, so that neither history nor a shared screen keeps it. */
function takeCode(): string {
  const fragment = location.hash.slice(1);
  if (fragment !== '') {
    sessionStorage.setItem(codeKey, fragment);
    history.replaceState(null, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(codeKey) ?? '';
}

async function look(): Promise<void> {
  if (performance.now() < renewAt) return;
  options = await post('/attestation/options', { invite: takeCode() });
  renewAt = performance.now() + challengeLife;
}

function problem(error: unknown, again: () => void): void {
  if (error instanceof NotCreated) tell(error.failure, creationFailures);
  else if (error instanceof Problem && error.code === 'invite_invalid') dead(error.ref);
  else tellProblem(error, again, refusalWords);
}

function dead(ref?: string): void {
  sessionStorage.removeItem(codeKey);
  const reference = byId('dead-reference');
  reference.textContent = ref ?? '';
  if (reference.parentElement) reference.parentElement.hidden = ref === undefined;
  show('dead');
}

function begin(): void {
  clear();
  byId('display-name').textContent = options.user.displayName || options.user.name;
  byId('account-name').textContent = options.user.name;
  if (options.inviteExpires !== undefined)
    byId('once').textContent = fill(enrol.until, { time: dateAndTime(options.inviteExpires) });
  tellModels();
  const keyOnly = options.authenticatorSelection?.authenticatorAttachment === 'cross-platform';
  if (keyOnly) (byId('create').firstElementChild ?? byId('create')).textContent = creation.keyOnly;
  byId('create-key').hidden = keyOnly;
  show('start');
}

/** Names of the models that are accepted, each once, as far as they have one. */
function tellModels(): void {
  const { models = [] } = pageData<PageData & EnrolData>();
  const names = [...new Set(models.flatMap((model) => providerName(model) ?? []))];
  if (names.length === 0) return;
  const list = new Intl.ListFormat(texts.language, { type: 'disjunction' }).format(names);
  byId('models').textContent = fill(enrol.accepts, { names: list });
  byId('models').hidden = false;
}

async function create(button: HTMLElement, key: boolean): Promise<void> {
  await whileBusy(button, creation.waiting, async () => {
    byId('step').textContent = fill(enrol.step, { number: 2 });
    try {
      await look();
      finish(await register(options, key));
    } catch (error) {
      renewAt = 0;
      byId('step').textContent = fill(enrol.step, { number: 1 });
      problem(error, load);
    }
  });
}

function finish(registered: Registered): void {
  sessionStorage.removeItem(codeKey);
  clear();
  const { id, synced, provider } = registered;
  const name = inputById('passkey-name');
  name.value = registered.name;
  const save = () => void rename(id, name.value.trim());
  name.addEventListener('change', save);
  byId('naming').addEventListener('submit', (event) => event.preventDefault());
  byId('second-text').textContent = synced
    ? fill(creation.secondSynced, { provider: provider ?? creation.yourManager })
    : creation.secondDevice;
  byId('add-second').addEventListener('click', () => void addSecond(synced));
  byId('not-now').addEventListener('click', () => {
    byId('second').hidden = true;
    byId('continue').focus();
  });
  show('done');
  if ('BroadcastChannel' in window) new BroadcastChannel('fido2').postMessage('signed-in');
}

async function rename(id: string, name: string): Promise<void> {
  if (name === '') return;
  try {
    await post('/account/rename', { id, name });
    clear();
    say(creation.saved);
  } catch (error) {
    problem(error, () => void rename(id, name));
  }
}

async function addSecond(key: boolean): Promise<void> {
  await whileBusy(byId('add-second'), creation.waiting, async () => {
    try {
      await register(await post('/attestation/options', {}), key);
      byId('second').hidden = true;
      clear();
      say(creation.added);
      byId('continue').focus();
    } catch (error) {
      problem(error, clear);
    }
  });
}

async function signedInUser(): Promise<string | undefined> {
  const { signedIn } = pageData<PageData & EnrolData>();
  if (signedIn !== undefined) return signedIn?.name;
  const session = await get<{ user: string }>('/session').catch(() => undefined);
  return session?.user;
}

async function load(): Promise<void> {
  if (takeCode() === '') return dead();
  try {
    renewAt = 0;
    const [user] = await Promise.all([signedInUser(), look()]);
    if (user === undefined || user === options.user.name) return begin();
    byId('other-you').textContent = user;
    byId('other-link').textContent = options.user.name;
    show('other');
  } catch (error) {
    problem(error, load);
  }
}

if (canUsePasskeys()) {
  byId('create').addEventListener('click', () => void create(byId('create'), false));
  byId('create-key').addEventListener('click', () => void create(byId('create-key'), true));
  byId('leave').addEventListener('click', () => {
    post('/logout', {}).then(begin, (error: unknown) => problem(error, clear));
  });
  // another link, opened in this tab while the page is here, changes nothing but the fragment
  addEventListener('hashchange', () => location.reload());
  void load();
} else show('none');
