import type { Asset, Site } from '../pages/page.ts';
import { accentShades, type Shades } from '../policy/accent.ts';
import type { Settings } from '../policy/settings.ts';
import { authorityOf, type Request } from './request.ts';
import { sha256Base64 } from './runtime.ts';
import { textsFor } from './texts.ts';

/** What pages are told of the site, for one of its origins, in the language that the request asks for. */
export function siteOf(settings: Settings, origin: string, request: Request): Site {
  const { name, help, logo, accent } = settings.pages;
  return {
    name,
    host: authorityOf(origin),
    origin,
    texts: textsFor(settings, request.languages()),
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
