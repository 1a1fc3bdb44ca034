/** Signs in or confirms with one touch: by the browser's own list of saved accounts, or by the button. */

import type { LoginData } from '../login.ts';
import type { PageData } from '../page.ts';
import { fail } from './alert.ts';
import { get, Problem, post } from './api.ts';
import { classify, open } from './ceremony.ts';
import { requestOptions, responseJson } from './credentials.ts';
import { byId, clear, inputById, show } from './dom.ts';
import { noteOutcome } from './outcome.ts';
import { pageData, texts } from './page-data.ts';
import { tellProblem } from './problems.ts';
import { canUsePasskeys, isBusy, tell, whileBusy } from './prompt.ts';
import { type Signal, signalAccount } from './signals.ts';
import { relative } from './times.ts';

interface RequestJson extends PublicKeyCredentialRequestOptionsJSON {
  readonly hints?: string[];
}

const { ceremony, loginScript } = texts;
const data = pageData<PageData & LoginData & { options: RequestJson }>();
const { options: inlined, prefix, returnTo, stepUp } = data;
/** Challenges live a little longer than this; the page takes a new one in good time. */
const challengeLife = 240_000;
const loopWithin = 60_000;
const confirmedKey = 'fido2.confirmed';

const go = byId('go');
const channel = 'BroadcastChannel' in window ? new BroadcastChannel('fido2') : undefined;
let options = inlined;
let renewAt = performance.now() + challengeLife;
let conditional = false;
let immediate = false;
let over = false;
/** After a refusal: the list of saved accounts comes back with the next sign of a person, never by itself. */
let paused = false;

/** Takes new options where the challenge in hand is old. A step-up keeps to the keys that the page came with. */
async function renew(): Promise<void> {
  if (performance.now() < renewAt) return;
  const fresh = await post<RequestJson>('/assertion/options', {});
  options = fresh.allowCredentials?.length ? fresh : { ...fresh, allowCredentials: inlined.allowCredentials ?? [] };
  renewAt = performance.now() + challengeLife;
}

/**
 * Goes on to a path of this origin, with the fragment that the browser kept through the redirect. Where this page
 * stands in for one of ours that needs a session, that one is next.
 */
function leave(path: string): void {
  over = true;
  if (location.pathname !== `${prefix}/login`) {
    location.reload();
    return;
  }
  const url = new URL(path, location.origin);
  if (url.origin !== location.origin) url.href = location.origin;
  if (url.hash === '') url.hash = location.hash;
  location.replace(url);
}

async function finish(credential: PublicKeyCredential): Promise<void> {
  const body = { ...responseJson(credential), return_to: returnTo };
  const answer = await post<{ return_to?: string; signal?: Signal }>('/assertion/result', body);
  (go.querySelector('span') ?? go).textContent = loginScript.signedIn;
  if (stepUp) sessionStorage.setItem(confirmedKey, JSON.stringify({ returnTo, at: Date.now() }));
  channel?.postMessage('signed-in');
  if (answer.signal !== undefined) {
    // nobody waits for a device that does not answer
    await Promise.race([signalAccount(answer.signal), new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  leave(answer.return_to ?? '/');
}

const refusals = { authentication_failed: { title: loginScript.refusedTitle, text: loginScript.refused } };

function refused(error: unknown): void {
  renewAt = 0;
  paused = true;
  show('ready');
  tellProblem(error, recover, refusals);
  for (const sign of ['pointermove', 'pointerdown', 'keydown']) addEventListener(sign, resume, { once: true });
}

function resume(): void {
  if (!paused) return;
  paused = false;
  void listen();
}

async function recover(): Promise<void> {
  try {
    renewAt = 0;
    await renew();
    clear();
    paused = false;
    await listen();
  } catch (error) {
    refused(error);
  }
}

/** Offers the browser's saved accounts in the field, for as long as nothing else is asked. */
async function listen(): Promise<void> {
  if (!conditional || over || paused || isBusy()) return;
  const started = performance.now();
  try {
    await renew();
    const publicKey = requestOptions(options);
    const credential = await open((signal) =>
      navigator.credentials.get({ publicKey, mediation: 'conditional', signal }),
    );
    await whileBusy(go, '', () => finish(credential));
  } catch (error) {
    if (error instanceof Problem) refused(error);
    else if (classify(error, 0, Infinity, 'get') === 'ours' || performance.now() - started < 1000) return;
    await listen();
  }
}

async function ask(hints?: string[]): Promise<void> {
  const publicKey = requestOptions({ ...options, ...(hints && { hints }) } as RequestJson);
  const here = immediate && !hints && !options.allowCredentials?.length && !options.hints?.length;
  const started = performance.now();
  let credential: PublicKeyCredential;
  try {
    const request: CredentialRequestOptions = here
      ? Object.assign({ publicKey }, { uiMode: 'immediate' })
      : { publicKey };
    credential = await open((signal) => navigator.credentials.get({ ...request, signal }));
  } catch (error) {
    const took = performance.now() - started;
    const failure = classify(error, took, options.timeout ?? Infinity, here ? 'immediate' : 'get');
    renewAt = 0;
    noteOutcome('get', failure);
    if (failure === 'elsewhere') {
      clear();
      show('elsewhere');
    } else tell(failure);
    return;
  }
  await finish(credential);
}

async function press(button: HTMLElement, hints?: string[]): Promise<void> {
  if (over || isBusy()) return;
  await whileBusy(button, ceremony.confirm, async () => {
    try {
      await renew();
      await ask(hints);
    } catch (error) {
      refused(error);
    }
  });
  await listen();
}

/** Whether a confirmation for the same target was given so shortly before that another will hardly help. */
function isLoop(): boolean {
  const last: unknown = JSON.parse(sessionStorage.getItem(confirmedKey) ?? '{}');
  if (!stepUp || typeof last !== 'object' || last === null) return false;
  return Reflect.get(last, 'returnTo') === returnTo && Date.now() - Number(Reflect.get(last, 'at')) < loopWithin;
}

async function followOtherTab(): Promise<void> {
  if (over) return;
  const session = await get('/session').catch(() => undefined);
  if (session !== undefined) leave(returnTo);
}

function tellAge(): void {
  if (data.last === undefined) return;
  byId('age').textContent = relative(new Date(data.last));
  byId('last').hidden = false;
}

function wire(): void {
  go.addEventListener('click', () => void press(go));
  byId('elsewhere').addEventListener('click', () => void press(byId('elsewhere'), ['hybrid', 'security-key']));
  byId('back').addEventListener('click', () => {
    show('ready');
    go.focus();
  });
  channel?.addEventListener('message', () => void followOtherTab());
  addEventListener('pageshow', (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener('visibilitychange', renewInView);
  setInterval(renewInView, 15_000);
  if (stepUp) {
    tellAge();
    byId('leave').addEventListener('submit', (event) => {
      event.preventDefault();
      void post('/logout', {}).then(() => location.reload(), refused);
    });
  } else {
    byId('saved').addEventListener('submit', (event) => {
      event.preventDefault();
      void press(go);
    });
  }
}

/** A saved account may be chosen at any time, so its challenge must not grow old while the page is in view. */
function renewInView(): void {
  if (document.visibilityState === 'visible' && performance.now() >= renewAt) void listen();
}

async function start(): Promise<void> {
  if (!canUsePasskeys()) return show('none');
  wire();
  if (matchMedia('(pointer: fine)').matches) go.focus();
  if (isLoop()) fail({ title: loginScript.stillTitle, text: loginScript.still });
  const { immediateGet, conditionalGet } = (await PublicKeyCredential.getClientCapabilities?.()) ?? {};
  immediate = immediateGet === true && !stepUp;
  conditional = !stepUp && (conditionalGet ?? (await PublicKeyCredential.isConditionalMediationAvailable?.()));
  if (!stepUp) byId('saved').hidden = !conditional;
  if (conditional) inputById('username').value = '';
  await listen();
}

void start();
