/** The demo page's attempts to get around the gate: each sends a real request and shows the answer. */

import type { DemoData } from '../demo.ts';
import { demoScript } from '../en-demo.ts';
import type { PageData } from '../page.ts';
import { member } from './answers.ts';
import { leaveGroup } from './demo-group.ts';
import { measure } from './demo-measure.ts';
import { byId, element } from './dom.ts';
import { pageData } from './page-data.ts';

const { token, exp, prefix, leaveWithin } = pageData<PageData & DemoData>();
const json = { accept: 'application/json' };

function forged(): string {
  const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, '');
  const claims = {
    sub: 'mallory',
    preferred_username: 'mallory',
    groups: ['admins'],
    exp: Math.floor(Date.now() / 1000) + 300,
  };
  return `${part({ alg: 'none' })}.${part(claims)}.`;
}

/** The token with one character of its signature changed. */
function tampered(): string {
  const at = token.lastIndexOf('.') + 10;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}

/** Where a person confirms, and then comes back to see the same request again. */
function loginLink(body: unknown): HTMLElement | undefined {
  if (member(body, 'code') !== 'step_up_required') return undefined;
  const href = `${prefix}/login?step_up=1&return_to=${encodeURIComponent('/app#admin')}`;
  return element('a', { class: 'text', href }, demoScript.confirm);
}

interface Attempt {
  readonly url: string;
  readonly init: RequestInit;
  /** Whether the gate held, and the words for either case. */
  readonly held?: (status: number, body: unknown) => boolean;
  readonly words?: readonly [held: string, broken: string];
}

function verdict({ held, words }: Attempt, status: number, body: unknown): readonly HTMLElement[] {
  if (held === undefined || words === undefined) return [];
  const good = held(status, body);
  return [element('p', { class: good ? 'good' : 'bad' }, good ? words[0] : words[1])];
}

async function attempt(id: string, trial: Attempt): Promise<void> {
  const started = performance.now();
  const answer = await fetch(trial.url, { cache: 'no-store', ...trial.init }).catch(() => undefined);
  const ms = Math.max(1, Math.round(performance.now() - started));
  const body: unknown = await answer?.json().catch(() => undefined);
  const summary = answer === undefined ? demoScript.failed : demoScript.answered(answer.status, ms);
  const shown = element('pre', { tabindex: '0', 'aria-label': summary }, JSON.stringify(brief(body), null, 2));
  const link = loginLink(body);
  const told = verdict(trial, answer?.status ?? 0, body);
  byId(`${id}-answer`).replaceChildren(
    ...told,
    element('p', { class: 'help' }, summary),
    shown,
    ...(link ? [link] : []),
  );
}

/** Without the token's own parts, which the page shows already. */
function brief(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'token' && name !== 'marker'));
}

const attempts: Readonly<Record<string, () => Attempt>> = {
  forge: () => ({
    url: '/app',
    init: { headers: { ...json, 'Fido2-Identity': forged() } },
    held: (status, body) => status === 200 && member(body, 'user') !== 'mallory',
    words: [demoScript.forgedStopped, demoScript.forgedArrived],
  }),
  tamper: () => ({
    url: '/app/verify',
    init: {
      method: 'POST',
      headers: { ...json, 'content-type': 'application/json' },
      body: JSON.stringify({ token: tampered() }),
    },
    held: (_, body) => member(body, 'verified') === false,
    words: [demoScript.tamperedRefused, demoScript.tamperedTaken],
  }),
  anonymous: () => ({
    url: '/app',
    init: { headers: json, credentials: 'omit' },
    held: (status) => status === 401,
    words: [demoScript.anonymousRefused, demoScript.anonymousLetIn],
  }),
  admin: () => ({
    url: '/admin',
    init: { headers: json },
    held: (status) => status === 200,
    words: [demoScript.adminOpen, demoScript.adminClosed],
  }),
};
for (const [id, make] of Object.entries(attempts)) byId(id).addEventListener('click', () => void attempt(id, make()));
byId('measure').addEventListener('click', () => void measure(byId('measure-answer')));
if (leaveWithin !== null) {
  byId('leave').addEventListener('click', () => void leaveGroup(byId('leave-answer'), leaveWithin));
}

const copy = byId('copy');
copy.hidden = navigator.clipboard === undefined;
copy.addEventListener('click', async () => {
  await navigator.clipboard.writeText(byId('curl').textContent);
  copy.textContent = demoScript.copied;
  copy.removeAttribute('aria-label');
});

// whoever comes back from a confirmation sees what it changed
if (location.hash === '#admin') {
  history.replaceState(null, '', location.pathname);
  byId('admin').focus();
  byId('admin').click();
}

const countdown = document.getElementById('countdown');
function tick(): void {
  const left = Math.floor(exp - Date.now() / 1000);
  if (countdown !== null) countdown.textContent = left > 0 ? demoScript.seconds(left) : demoScript.expired;
}
tick();
setInterval(tick, 1000);
