/** What the server put into the page's data block. */

import type { PageData } from '../page.ts';

const block: unknown = JSON.parse(document.getElementById('data')?.textContent ?? '{}');

export function pageData<Data extends PageData>(): Data {
  return block as Data;
}

/** The words of the page's language; of its sections those that the page names for its script. */
export const texts = pageData().texts;
