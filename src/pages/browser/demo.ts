/** The demo page's four attempts to get around the gate: each sends a real request and shows the answer. */

import type { DemoData } from '../demo.ts';
import { demoScript } from '../en-demo.ts';
import type { PageData } from '../page.ts';
import { byId, element, pageData } from './dom.ts';

const { token, exp } = pageData<PageData & DemoData>();
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

/** Follows a step-up: the answer tells where a person confirms. */
function loginLink(body: unknown): HTMLElement | undefined {
  const code: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'code') : undefined;
  if (code !== 'step_up_required') return undefined;
  return element('a', { class: 'text', href: '/admin' }, demoScript.confirm);
}

async function attempt(id: string, url: string, init: RequestInit): Promise<void> {
  const started = performance.now();
  const answer = await fetch(url, { cache: 'no-store', ...init }).catch(() => undefined);
  const ms = Math.max(1, Math.round(performance.now() - started));
  const body: unknown = await answer?.json().catch(() => undefined);
  const summary = answer === undefined ? demoScript.failed : demoScript.answered(answer.status, ms);
  const shown = element('pre', { tabindex: '0', 'aria-label': summary }, JSON.stringify(brief(body), null, 2));
  const link = loginLink(body);
  byId(`${id}-answer`).replaceChildren(element('p', { class: 'strong' }, summary), shown, ...(link ? [link] : []));
}

/** Without the token's own parts, which the page shows already. */
function brief(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return {};
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'token' && name !== 'marker'));
}

function on(id: string, run: () => Promise<void>): void {
  byId(id).addEventListener('click', () => void run());
}

on('forge', () => attempt('forge', '/app', { headers: { ...json, 'Fido2-Identity': forged() } }));
on('anonymous', () => attempt('anonymous', '/app', { headers: json, credentials: 'omit' }));
on('admin', () => attempt('admin', '/admin', { headers: json }));
on('tamper', () =>
  attempt('tamper', '/app/verify', {
    method: 'POST',
    headers: { ...json, 'content-type': 'application/json' },
    body: JSON.stringify({ token: tampered() }),
  }),
);

const countdown = document.getElementById('countdown');
function tick(): void {
  const left = Math.floor(exp - Date.now() / 1000);
  if (countdown !== null) countdown.textContent = left > 0 ? demoScript.seconds(left) : demoScript.expired;
}
tick();
setInterval(tick, 1000);
