import { hash, text } from 'asset:signed-out.ts';
import { html } from './html.ts';
import { brand, page, prefixOf, type Rendered, type Site, textsOf } from './page.ts';

/** Where signing out ends. It waits: a sign-in dialog at once would look as if nothing had happened. */
export function signedOutPage({ site }: { readonly site: Site }): Rendered {
  const { common, signedOut } = textsOf(site);
  const body = html`<main class="card">${brand(site)}
<h1>${signedOut.title}</h1>
<p>${signedOut.text}</p>
<p id="others" hidden></p>
<a class="primary" href="${prefixOf(site)}/login">${common.signInAgain}</a></main>`;
  return page({ site, title: signedOut.title, body, script: { text, hash }, says: ['signedOut'] });
}
