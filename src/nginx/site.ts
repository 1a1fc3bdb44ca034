import type { Asset, Site } from '../pages/page.ts';
import { accentShades, type Shades } from '../policy/accent.ts';
import type { Settings } from '../policy/settings.ts';
import { authorityOf } from './request.ts';
import { sha256Base64 } from './runtime.ts';

/** What pages are told of the site, for one of its origins. */
export function siteOf({ pages }: Settings, origin: string): Site {
  const { name, help, logo, accent } = pages;
  return {
    name,
    host: authorityOf(origin),
    origin,
    ...(help === null ? {} : { help }),
    ...(logo === null ? {} : { logo: `data:image/svg+xml,${encodeURIComponent(logo.trim())}` }),
    ...(accent === null ? {} : { colours: coloursOf(accent) }),
  };
}

function coloursOf(accent: string): Asset {
  const { light, dark } = accentShades(accent);
  const text = `${ruleOf(light)}@media (prefers-color-scheme:dark){${ruleOf(dark)}}`;
  return { text, hash: `sha256-${sha256Base64(text)}` };
}

function ruleOf({ accent, hover, onAccent, soft }: Shades): string {
  return `:root{--accent:${accent};--accent-hover:${hover};--on-accent:${onAccent};--accent-soft:${soft}}`;
}
