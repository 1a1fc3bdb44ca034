/** Conveniences of the error page, which says everything without them. */

import { errorScript } from '../en.ts';
import { byId, say } from './dom.ts';

const copy = byId('copy');
if (navigator.clipboard !== undefined) {
  copy.hidden = false;
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(byId('ref').textContent);
    say(errorScript.copied);
  });
}

if (history.length > 1) {
  document.getElementById('back')?.addEventListener('click', (event) => {
    event.preventDefault();
    history.back();
  });
}
