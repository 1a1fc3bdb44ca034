/** Conveniences of the error page, which says everything without them. */

import { byId, say } from './dom.ts';
import { texts } from './page-data.ts';

const copy = byId('copy');
if (navigator.clipboard !== undefined) {
  copy.hidden = false;
  copy.addEventListener('click', async () => {
    await navigator.clipboard.writeText(byId('ref').textContent);
    say(texts.errorScript.copied);
  });
}

if (history.length > 1) {
  document.getElementById('back')?.addEventListener('click', (event) => {
    event.preventDefault();
    history.back();
  });
}
