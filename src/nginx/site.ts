import type { Site } from '../pages/page.ts';
import type { Settings } from '../policy/settings.ts';
import { authorityOf } from './request.ts';

/** What pages are told of the site, for one of its origins. */
export function siteOf({ pages }: Settings, origin: string): Site {
  return { name: pages.name, host: authorityOf(origin), origin, ...(pages.help === null ? {} : { help: pages.help }) };
}
