import { hash, text } from 'asset:login.ts';
import { type Html, html, sentence } from './html.ts';
import { icon } from './icons.ts';
import { alertRegion, brand, noScript, page, prefixOf, type Rendered, type Site, statusLine, textsOf } from './page.ts';
import type { Texts } from './texts.ts';

/** Why the session is not good enough, and when it was last confirmed, in milliseconds since 1970. */
export interface StepUpParts {
  /** `authenticator`: another passkey is needed; `none`: the person has none that will do. */
  readonly kind: 'max_age' | 'uv' | 'authenticator' | 'none';
  readonly last?: number | undefined;
  /** Whom the policy names to ask. */
  readonly contact?: string | undefined;
}

export interface LoginParts {
  readonly site: Site;
  /** Where to go on to: a path of this origin that the caller has checked; `/` if there is none. */
  readonly returnTo: string;
  /** PublicKeyCredentialRequestOptionsJSON (Level 3 section 5.8.2), with a fresh challenge. */
  readonly options: object;
  readonly signedIn?: { readonly name: string } | null;
  readonly stepUp?: StepUpParts | null;
  /** What happened before: the last session ended, or a form was sent that had to wait for this and is lost. */
  readonly before?: 'ended' | 'lost' | null;
}

/** What the sign-in script finds in the data block. */
export interface LoginData {
  readonly options: object;
  readonly returnTo: string;
  readonly stepUp: boolean;
  /** When the session was last confirmed, in milliseconds since 1970. */
  readonly last?: number | undefined;
}

const longestPath = 40;

/** Host and path as people read them: at most 40 characters of path, never half a character. */
export function target(host: string, returnTo: string): string {
  const path = Array.from(returnTo);
  return host + (path.length > longestPath ? `${path.slice(0, longestPath - 1).join('')}…` : returnTo);
}

function targetHtml(parts: LoginParts): Html {
  return html`<bdi class="target">${target(parts.site.host, parts.returnTo)}</bdi>`;
}

export function whatIsPasskey({ common }: Texts): Html {
  return html`<details><summary>${common.whatIsPasskey}</summary><p>${common.passkeyExplained}</p></details>`;
}

function help(site: Site): Html {
  const { login } = textsOf(site);
  const contact =
    site.help !== undefined && html` ${sentence(login.helpContact, { contact: html`<bdi>${site.help}</bdi>` })}`;
  return html`<details><summary>${login.helpTitle}</summary><dl>
<dt>${login.helpDevice}</dt><dd>${login.helpDeviceText}</dd>
<dt>${login.helpLost}</dt><dd>${login.helpLostText}${contact}</dd>
<dt>${login.helpWork}</dt><dd>${login.helpWorkText}</dd></dl></details>`;
}

function signOutForm(site: Site, label: string): Html {
  return html`<form id="leave" method="post" action="${prefixOf(site)}/logout"><button class="text">${label}</button></form>`;
}

function savedAccounts({ login }: Texts): Html {
  return html`<div data-view="ready"><form class="saved" id="saved" hidden><p class="rule">${login.saved}</p>
<label for="username">${login.account}</label>
<input id="username" name="username" autocomplete="username webauthn" autocapitalize="none" spellcheck="false" inputmode="email" aria-describedby="username-help">
<p class="help" id="username-help">${login.accountHelp}</p></form></div>`;
}

function elsewhere({ login, common }: Texts): Html {
  return html`<section data-view="elsewhere" hidden><h2 tabindex="-1">${login.elsewhereTitle}</h2>
<p>${login.elsewhere}</p>
<button class="primary" id="elsewhere" type="button">${login.elsewhereButton}</button>
<p class="help">${login.elsewhereHelp}</p>
<button class="text" id="back" type="button">${common.back}</button></section>`;
}

function alreadySignedIn(parts: LoginParts, name: string): Rendered {
  const { common, login } = textsOf(parts.site);
  const body = html`<main class="card">${brand(parts.site)}
<h1>${login.signedInTitle}</h1>
<p>${sentence(login.signedInAs, { name: html`<strong><bdi>${name}</bdi></strong>` })}</p>
<p class="actions"><a class="primary" href="${parts.returnTo}">${common.continue}</a></p>
${signOutForm(parts.site, common.signOut)}</main>`;
  return page({ site: parts.site, title: login.signedInTitle, body });
}

function confirmSentence(parts: LoginParts): Html {
  const { stepUp } = textsOf(parts.site);
  const needs = {
    max_age: stepUp.needsFresh,
    uv: stepUp.needsVerification,
    authenticator: stepUp.needsOther,
    none: stepUp.needsOther,
  }[parts.stepUp?.kind ?? 'max_age'];
  const last = parts.stepUp?.last;
  const age =
    last !== undefined &&
    html` <span id="last" hidden>${sentence(stepUp.last, { age: html`<time id="age"></time>` })}</span>`;
  return html`<p>${sentence(needs, { target: targetHtml(parts) })}${age}</p>`;
}

/** A confirmation that no passkey of the person can give: how to get one that can. */
function noneAccepted(parts: LoginParts): Rendered {
  const { site } = parts;
  const { stepUp } = textsOf(site);
  const contact = parts.stepUp?.contact ?? site.help;
  const help =
    contact === undefined ? stepUp.none : sentence(stepUp.noneContact, { contact: html`<bdi>${contact}</bdi>` });
  const body = html`<main class="card">${brand(site)}
<h1>${stepUp.noneTitle}</h1>
${confirmSentence(parts)}
<p>${help}</p>
<a class="primary" href="${prefixOf(site)}/account">${stepUp.yourPasskeys}</a>
${signOutForm(site, stepUp.otherAccount)}</main>`;
  return page({ site, title: stepUp.noneTitle, body });
}

/** Sign-in, the confirmation that a step-up asks for, or, for those who are signed in already, the way on. */
export function loginPage(parts: LoginParts): Rendered {
  const { site, returnTo, before } = parts;
  const texts = textsOf(site);
  const { login, stepUp } = texts;
  const confirms = parts.stepUp !== undefined && parts.stepUp !== null;
  const name = parts.signedIn?.name;
  if (!confirms && name !== undefined) return alreadySignedIn(parts, name);

  if (parts.stepUp?.kind === 'none') return noneAccepted(parts);

  const title = confirms ? stepUp.title : login.title;
  const goesOn = returnTo !== '/' && html`<p class="lead">${sentence(login.goOn, { target: targetHtml(parts) })}</p>`;
  const lost = confirms ? stepUp.lost : login.lost;
  const body = html`<main class="card">${brand(site)}
${before && html`<p class="notice">${before === 'lost' ? lost : login.ended}</p>`}
<h1>${title}</h1>
${confirms ? confirmSentence(parts) : goesOn}
${confirms && name !== undefined && html`<p class="who">${sentence(stepUp.account, { name: html`<strong><bdi>${name}</bdi></strong>` })}</p>`}
${noScript(site, login.noScript)}
${alertRegion}
<section class="scripted" data-view="ready"><button class="primary" id="go" type="button">${icon.touch}<span>${confirms ? stepUp.button : login.button}</span></button></section>
${elsewhere(texts)}
${statusLine}
<button class="text" id="cancel" type="button" hidden>${login.cancel}</button>
${!confirms && savedAccounts(texts)}
${confirms && signOutForm(site, stepUp.otherAccount)}
<div class="more">${help(site)}${whatIsPasskey(texts)}</div></main>`;
  const data: LoginData = { options: parts.options, returnTo, stepUp: confirms, last: parts.stepUp?.last };
  return page({ site, title, body, script: { text, hash }, says: ['ceremony', 'loginScript'], data });
}
