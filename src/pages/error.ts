import { hash, text as scriptText } from 'asset:error.ts';
import type { ErrorCode } from '../errors.ts';
import { type Html, html, sentence } from './html.ts';
import { brand, page, prefixOf, type Rendered, type Site, statusLine, textsOf } from './page.ts';
import { fill } from './sentence.ts';
import { errorWords } from './texts.ts';

export interface ErrorParts {
  readonly site: Site;
  readonly status: number;
  readonly code: ErrorCode;
  /** What finds the log line. */
  readonly ref: string;
  /** The account name of whoever is signed in. */
  readonly user?: string | null;
  /** What the policy that refused says instead of the words for the code, and whom it names to ask. */
  readonly words?: string | undefined;
  readonly contact?: string | undefined;
  /** The rule that refused, for those who may know. */
  readonly reason?: string | undefined;
  /** Where another passkey of the same account may do. */
  readonly confirm?: string | undefined;
  /** When it happened, as an ISO 8601 time. */
  readonly time: string;
}

function reportTo({ site, status, contact = site.help }: ErrorParts): string {
  const { errorPage: words } = textsOf(site);
  if (status !== 403) return words.report;
  return contact === undefined ? words.noContact : fill(words.contact, { contact });
}

function ways(parts: ErrorParts): Html {
  const prefix = prefixOf(parts.site);
  const { common, errorPage: words } = textsOf(parts.site);
  const { status } = parts;
  const signsIn = status === 401 || parts.code === 'invite_invalid';
  if (signsIn) return html`<a class="primary" href="${prefix}/login">${common.signIn}</a>`;
  const again = status >= 500 || status === 429;
  const other = status === 403 && parts.user;
  const { confirm } = parts;
  return html`${again && html`<a class="primary" id="retry" href="">${words.retry}</a>`}
${confirm !== undefined && html`<a class="primary" href="${confirm}">${words.otherPasskey}</a>`}
${other && html`<form method="post" action="${prefix}/logout"><button class="${confirm === undefined ? 'primary' : 'text'}">${words.otherAccount}</button></form>`}
<a class="${again || other ? 'text' : 'primary'}" id="back" href="/">${common.back}</a>`;
}

/** The page of every refusal: what happened, what to do next, and the reference under it. */
export function errorPage(parts: ErrorParts): Rendered {
  const { site, ref, time } = parts;
  const texts = textsOf(site);
  const words = texts.errorPage;
  const { title, text } = errorWords(texts, parts.code);
  const utc = `${time.slice(0, 19).replace('T', ' ')} UTC`;
  const body = html`<main class="card">${brand(site)}
<h1>${title}</h1>
<p>${parts.words ?? text}</p>
${parts.user && html`<p>${sentence(words.signedInAs, { name: html`<strong><bdi>${parts.user}</bdi></strong>` })}</p>`}
${parts.reason !== undefined && html`<p class="help">${parts.reason}</p>`}
<div class="tile reference"><div><p class="help">${reportTo(parts)}</p>
<p><code class="selectable" id="ref">${ref}</code></p><p class="help">${utc}</p></div>
<button class="text" id="copy" type="button" hidden>${words.copy}</button></div>
${statusLine}
${ways(parts)}</main>`;
  return page({ site, title, body, script: { text: scriptText, hash }, says: ['errorScript'] });
}
