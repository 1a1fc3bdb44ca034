/** Says how many sessions go on elsewhere, where the account page has just known it. */

import { fill } from '../sentence.ts';
import { byId } from './dom.ts';
import { othersKey } from './others-key.ts';
import { texts } from './page-data.ts';

const count = Number(sessionStorage.getItem(othersKey));
sessionStorage.removeItem(othersKey);
if (count > 0) {
  byId('others').textContent = fill(texts.signedOut.others, { count });
  byId('others').hidden = false;
}
