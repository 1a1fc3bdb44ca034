/** Leaves the group admins, and counts until the gate refuses /admin: the bound on how stale a decision may be. */

import { demoScript } from '../en-demo.ts';
import { element } from './dom.ts';

const json = { accept: 'application/json' };

async function statusOfAdmin(): Promise<number> {
  const answer = await fetch('/admin', { cache: 'no-store', headers: json }).catch(() => undefined);
  return answer?.status ?? 0;
}

async function setMember(member: boolean): Promise<boolean> {
  const init = {
    method: 'POST',
    headers: { ...json, 'content-type': 'application/json' },
    body: JSON.stringify({ member }),
  };
  const answer = await fetch('/app/group', init).catch(() => undefined);
  return answer?.ok === true;
}

function tell(region: HTMLElement, kind: 'good' | 'bad' | 'help', text: string): void {
  region.replaceChildren(element('p', { class: kind }, text));
}

function offerReturn(region: HTMLElement): void {
  const button = element('button', { class: 'text', type: 'button' }, demoScript.comeBack);
  button.addEventListener('click', async () => {
    if (await setMember(true)) tell(region, 'good', demoScript.back);
    else tell(region, 'bad', demoScript.failed);
  });
  region.append(button);
}

/** Seconds since `start`, one decimal. */
function since(start: number): number {
  return Math.round((performance.now() - start) / 100) / 10;
}

let running = false;

export async function leaveGroup(region: HTMLElement, bound: number): Promise<void> {
  if (running) return;
  running = true;
  try {
    if ((await statusOfAdmin()) !== 200) return tell(region, 'help', demoScript.leaveFirst);
    const start = performance.now();
    if (!(await setMember(false))) return tell(region, 'bad', demoScript.failed);
    const counter = element('span', { class: 'count', 'aria-hidden': 'true' });
    region.replaceChildren(element('p', { class: 'help' }, `${demoScript.leaving} `, counter));
    // a second longer than promised, for the clock of this page
    while (since(start) < bound + 1) {
      counter.textContent = demoScript.seconds(Math.floor(since(start)));
      if ((await statusOfAdmin()) === 403) {
        tell(region, 'good', demoScript.left(since(start), bound));
        return offerReturn(region);
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    tell(region, 'bad', demoScript.leftLate(bound));
    offerReturn(region);
  } finally {
    running = false;
  }
}
