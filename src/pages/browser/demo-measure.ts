/** What the gate adds to a request, as far as a browser can see it. */

import { demoScript } from '../en-demo.ts';
import { element } from './dom.ts';

const pairs = 100;

async function timeOf(url: string): Promise<number> {
  const started = performance.now();
  const answer = await fetch(url, { cache: 'no-store' });
  await answer.text();
  return performance.now() - started;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  const [low = 0, high = 0] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return (low + high) / 2;
}

/** The two kinds of request alternate, so that whatever else the machine does falls on both. */
export async function measure(region: HTMLElement): Promise<void> {
  region.replaceChildren(element('p', { class: 'help' }, demoScript.measuring));
  const gated: number[] = [];
  const open: number[] = [];
  try {
    for (let pair = 0; pair < pairs; pair++) {
      gated.push(await timeOf('/app/ping'));
      open.push(await timeOf('/ping'));
    }
  } catch (_) {
    region.replaceChildren(element('p', { class: 'bad' }, demoScript.failed));
    return;
  }
  const [withGate, without] = [median(gated), median(open)];
  const added = Math.round((withGate - without) * 1000);
  const [a, b] = [withGate.toFixed(2), without.toFixed(2)];
  const told = added > 0 ? demoScript.measured(a, b, String(added)) : demoScript.unmeasurable(a, b);
  region.replaceChildren(element('p', {}, told));
}
