/** The frame of every page: head, brand, content, inlined script and style, and the policy that fits exactly them. */

import { hash as styleHash, text as styleText } from 'asset:style.css';
import { dataBlock, type Html, html, inline } from './html.ts';
import { icon } from './icons.ts';
import { fill } from './sentence.ts';
import { english, type Section, type Texts } from './texts.ts';

export interface Site {
  /** What people call the site, for example "Grafana". */
  readonly name: string;
  /** Authority of the configured origin, for example "grafana.example.com" or "localhost:8080". */
  readonly host: string;
  /** The configured origin, where it is not `https://HOST` (or `http://HOST` on localhost). */
  readonly origin?: string | undefined;
  /** Whom to ask, as one line of text: a name, an address, a telephone number. */
  readonly help?: string | undefined;
  /** Address of the site's logo; only `data:` loads. */
  readonly logo?: string | undefined;
  /** The site's own colours, after the style of every page. */
  readonly colours?: Asset | undefined;
  /** The language that the page speaks; English if absent. */
  readonly texts?: Texts | undefined;
  /** Where the handlers live; `/fido2` if absent. */
  readonly prefix?: string | undefined;
}

/** A page and the whole value of its Content-Security-Policy. */
export interface Rendered {
  readonly html: string;
  readonly csp: string;
}

export interface Asset {
  readonly text: string;
  readonly hash: string;
}

export interface PageParts {
  readonly site: Site;
  readonly title: string;
  readonly body: Html;
  readonly script?: Asset;
  /** Sections of the table of words that the script takes its own from. */
  readonly says?: readonly Section[];
  /** Shown to the page's script beside the site's own data. */
  readonly data?: object;
  readonly style?: Asset;
}

/** What each script finds in the page's data block. */
export interface PageData {
  readonly prefix: string;
  readonly origin: string;
  /** The sections of `says`; the others are not there. */
  readonly texts: Texts;
}

const policyStart = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

export function prefixOf(site: Site): string {
  return site.prefix ?? '/fido2';
}

export function originOf(site: Site): string {
  const scheme = /^localhost(:|$)/.test(site.host) ? 'http' : 'https';
  return site.origin ?? `${scheme}://${site.host}`;
}

export function textsOf(site: Site): Texts {
  return site.texts ?? english;
}

function contentSecurityPolicy(script: Asset | undefined, styles: readonly Asset[]): string {
  const scripts = script === undefined ? '' : `; script-src '${script.hash}'; connect-src 'self'`;
  return `${policyStart}${scripts}; style-src ${styles.map(({ hash }) => `'${hash}'`).join(' ')}; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'`;
}

/** The site's mark, name and host, at the head of every page. */
export function brand(site: Site): Html {
  const host = site.host !== site.name && html`<small><bdi>${site.host}</bdi></small>`;
  const mark =
    site.logo === undefined
      ? html`<span class="mark">${icon.key}</span>`
      : html`<img class="mark logo" src="${site.logo}" alt="" width="40" height="40">`;
  return html`<p class="brand">${mark}<span><bdi>${site.name}</bdi>${host}</span></p>`;
}

/** Where the script tells what went wrong. Like the status line it is there, empty, from the start. */
export const alertRegion = html`<div id="alert" role="alert" tabindex="-1"></div>`;

/** Where the script tells what it is doing. */
export const statusLine = html`<div id="status" role="status" aria-live="polite"></div>`;

export function noScript(site: Site, text: string): Html {
  return html`<noscript><p class="notice warn">${fill(text, { host: site.host })}</p></noscript>`;
}

/**
 * The page and its policy. Its own referrer policy overrides the header's `no-referrer`, under which browsers send
 * a form with `Origin: null`, which the handlers refuse.
 */
export function page(parts: PageParts): Rendered {
  const { colours } = parts.site;
  const style = parts.style ?? { text: styleText, hash: styleHash };
  const styles = colours === undefined ? [style] : [style, colours];
  const { language, direction, ...words } = textsOf(parts.site);
  const sections = Object.fromEntries((parts.says ?? []).map((section) => [section, words[section]]));
  const data = {
    prefix: prefixOf(parts.site),
    origin: originOf(parts.site),
    texts: { language, direction, ...sections },
  };
  const document = html`<!doctype html>
<html lang="${language}" dir="${direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<meta name="robots" content="noindex">
<title>${parts.title} – ${parts.site.name}</title>
<link rel="icon" href="data:,">
${styles.map(({ text }) => inline('style', text))}
</head>
<body>
${parts.body}
${parts.script !== undefined && [dataBlock('data', { ...data, ...parts.data }), inline('script', parts.script.text)]}
</body>
</html>
`;
  return { html: document.text, csp: contentSecurityPolicy(parts.script, styles) };
}
