import { hash, text } from 'asset:enrol.ts';
import { html, sentence } from './html.ts';
import { icon } from './icons.ts';
import { whatIsPasskey } from './login.ts';
import { alertRegion, brand, noScript, page, prefixOf, type Rendered, type Site, statusLine, textsOf } from './page.ts';
import { fill } from './sentence.ts';

export interface EnrolParts {
  readonly site: Site;
  /** Who is signed in; if absent the script asks. */
  readonly signedIn?: { readonly name: string } | null;
  readonly demands?: PasskeyDemands;
}

/** What the site asks of a new passkey, so that people know before they choose where to save it. */
export interface PasskeyDemands {
  /** AAGUIDs of the only models that are accepted. */
  readonly models?: readonly string[] | undefined;
  /** It must not be copied to other devices. */
  readonly staysThere: boolean;
  /** The make must be shown, which browsers ask people about. */
  readonly shown: boolean;
}

/** What the enrolment script finds in the data block. */
export interface EnrolData {
  readonly models?: readonly string[] | undefined;
  readonly signedIn?: { readonly name: string } | null;
}

/** Enrolment by invite. The code stands in the address's fragment, which only the script sees and asks about. */
export function enrolPage({ site, signedIn, demands }: EnrolParts): Rendered {
  const prefix = prefixOf(site);
  const texts = textsOf(site);
  const { common, enrol } = texts;
  const step = (number: number) => fill(enrol.step, { number });
  const whom = {
    name: html`<strong><bdi id="display-name"></bdi></strong>`,
    account: html`<bdi id="account-name"></bdi>`,
    site: html`<strong><bdi>${site.name}</bdi></strong>`,
  };
  const others = {
    name: html`<strong><bdi id="other-you"></bdi></strong>`,
    account: html`<strong><bdi id="other-link"></bdi></strong>`,
  };
  const start = html`<section data-view="start" hidden>
<p class="step" id="step">${step(1)}</p>
<h1 tabindex="-1">${enrol.title}</h1>
<p>${sentence(enrol.for, whom)} <span id="once">${enrol.once}</span></p>
<ul class="reasons"><li>${icon.touch}<span>${enrol.reasonUnlock}</span></li><li>${icon.effortless}<span>${enrol.reasonEasy}</span></li><li>${icon.shield}<span>${enrol.reasonSafe}</span></li></ul>
<div class="notice demands"><p id="models" hidden></p>${demands?.staysThere && html`<p>${enrol.staysThere}</p>`}${demands?.shown && html`<p>${enrol.shown}</p>`}</div>
<button class="primary" id="create" type="button"><span>${enrol.button}</span></button>
<button class="text" id="create-key" type="button"><span>${enrol.keyButton}</span></button>
</section>`;
  const done = html`<section data-view="done" hidden>
<p class="step">${step(3)}</p>
<h1 tabindex="-1">${enrol.doneTitle}</h1>
<form id="naming" class="tile"><span class="tick">${icon.check}</span><div><label for="passkey-name">${enrol.name}</label>
<input id="passkey-name" name="name" maxlength="64" autocomplete="off"></div></form>
<div class="second" id="second"><h2>${enrol.secondTitle}</h2><p id="second-text"></p>
<p class="actions"><button class="quiet" id="add-second" type="button"><span>${enrol.second}</span></button>
<button class="text" id="not-now" type="button">${enrol.notNow}</button></p></div>
<a class="primary" id="continue" href="/"><span>${sentence(enrol.continueTo, { site: html`<bdi>${site.host}</bdi>` })}</span></a>
</section>`;
  const dead = html`<section data-view="dead" hidden>
<h1 tabindex="-1">${enrol.deadTitle}</h1><p>${enrol.dead}</p>
<p class="help" hidden>${sentence(common.reference, { ref: html`<span class="selectable" id="dead-reference"></span>` })}</p>
<a class="primary" href="${prefix}/login">${common.signIn}</a></section>`;
  const other = html`<section data-view="other" hidden>
<h1 tabindex="-1">${enrol.otherTitle}</h1>
<p>${sentence(enrol.other, others)}</p>
<button class="primary" id="leave" type="button"><span>${enrol.otherContinue}</span></button>
<a class="text" href="/">${enrol.otherStay}</a></section>`;
  const body = html`<main class="card">${brand(site)}
<section data-view="checking"><h1>${enrol.title}</h1><p class="help scripted">${enrol.checking}</p></section>
${noScript(site, enrol.noScript)}
${alertRegion}
${start}${done}${dead}${other}
${statusLine}
<button class="primary" id="send-again" type="button" hidden><span></span></button>
<button class="text" id="cancel" type="button" hidden>${enrol.cancel}</button>
<div class="more">${whatIsPasskey(texts)}</div></main>`;
  const data: EnrolData = { ...(signedIn === undefined ? {} : { signedIn }), models: demands?.models };
  const says = ['ceremony', 'creation', 'enrol', 'refusals'] as const;
  return page({ site, title: enrol.title, body, script: { text, hash }, says, data });
}
