/** What the page shows while a passkey window is open, and the words for how it ended. */

import { fail, type Words } from './alert.ts';
import { type Failure, stop } from './ceremony.ts';
import { byId, clear, say } from './dom.ts';
import { pageData, texts } from './page-data.ts';

const { ceremony } = texts;

const lookBehindAfter = 8000;

function labelOf(button: HTMLElement): HTMLElement {
  return button.querySelector('span') ?? button;
}

export function isBusy(): boolean {
  return document.querySelector('[aria-disabled="true"]') !== null;
}

/**
 * Marks the pressed button as busy while `task` runs: it keeps the focus, a way to give up appears, and after a
 * while a hint where the window may be. Presses of any button meanwhile do nothing.
 */
export async function whileBusy(button: HTMLElement, words: string, task: () => Promise<void>): Promise<void> {
  if (isBusy()) return;
  const label = labelOf(button);
  const before = label.textContent;
  const cancel = byId('cancel');
  const giveUp = (event: Event) => {
    if (!(event instanceof KeyboardEvent) || event.key === 'Escape') void stop();
  };
  clear();
  label.textContent = ceremony.waiting;
  button.setAttribute('aria-disabled', 'true');
  say(words);
  cancel.hidden = false;
  cancel.addEventListener('click', giveUp);
  addEventListener('keydown', giveUp);
  const hint = setTimeout(() => say(`${words} ${ceremony.lookBehind}`), lookBehindAfter);
  try {
    await task();
  } finally {
    clearTimeout(hint);
    const hadFocus = document.activeElement === cancel || document.activeElement === document.body;
    cancel.hidden = true;
    cancel.removeEventListener('click', giveUp);
    removeEventListener('keydown', giveUp);
    button.removeAttribute('aria-disabled');
    if (label.textContent === ceremony.waiting) label.textContent = before;
    if (hadFocus) button.focus();
  }
}

const alerts: Partial<Record<Failure, Words>> = {
  blocked: { title: ceremony.blockedTitle, text: ceremony.blocked },
  broken: { title: ceremony.brokenTitle, text: ceremony.broken },
};

/** Tells how a passkey window ended. A person's own change of mind is no failure. */
export function tell(failure: Failure, others: Partial<Record<Failure, Words>> = {}): void {
  if (failure === 'cancelled' || failure === 'ours') say(ceremony.cancelled);
  else if (failure === 'timedOut') say(ceremony.timedOut);
  else if (failure === 'wrongAddress') tellAddress();
  else fail(others[failure] ?? alerts[failure] ?? { title: ceremony.brokenTitle, text: ceremony.broken });
}

function tellAddress(): void {
  const link = pageData().origin + location.pathname + location.search + location.hash;
  fail({ title: ceremony.wrongAddressTitle, text: ceremony.wrongAddress, link });
}

/** Whether passkeys can work here at all; tells why if not. */
export function canUsePasskeys(): boolean {
  if (!isSecureContext || /^[\d.]+$|^\[/.test(location.hostname)) tellAddress();
  else if (!('PublicKeyCredential' in window)) fail({ title: ceremony.noSupportTitle, text: ceremony.noSupport });
  else return true;
  return false;
}
