import { hash, text } from 'asset:account.ts';
import { html } from './html.ts';
import { icon } from './icons.ts';
import { whatIsPasskey } from './login.ts';
import { alertRegion, brand, noScript, page, prefixOf, type Rendered, type Site, statusLine, textsOf } from './page.ts';

export interface AccountParts {
  readonly site: Site;
  readonly user: { readonly name: string; readonly displayName: string };
}

/** What the account page's script finds in the data block. */
export interface AccountData {
  readonly user: string;
}

/** A person's passkeys and sessions. The script asks for the lists; signing out works without it. */
export function accountPage({ site, user }: AccountParts): Rendered {
  const texts = textsOf(site);
  const { account, common } = texts;
  const lists = html`<section id="passkeys" data-view="account" hidden>
<div id="notice"></div>
<div class="group" id="devices" hidden><h2 tabindex="-1">${account.devices}</h2><ul class="rows"></ul></div>
<div class="group" id="keys" hidden><h2 tabindex="-1">${account.keys}</h2><ul class="rows"></ul></div>
<div class="actions"><button class="primary" id="add" type="button">${icon.key}<span>${account.addPasskey}</span></button>
<button class="quiet" id="add-key" type="button">${icon.securityKey}<span>${account.addKey}</span></button>
<button class="text" id="cancel" type="button" hidden>${account.cancel}</button></div>
<div class="group" id="sessions"><h2 tabindex="-1">${account.sessions}</h2><ul class="rows"></ul>
<div class="actions"><button class="quiet" id="end-others" type="button" hidden><span>${account.others}</span></button></div></div>
<div class="group" id="activity" hidden><h2>${account.activity}</h2><ul class="rows"></ul></div>
</section>`;
  const dialog = html`<dialog id="remove" aria-labelledby="remove-title"><h2 id="remove-title"></h2><p id="remove-text"></p>
<div class="actions"><button class="quiet" id="keep" type="button" autofocus>${account.keep}</button>
<button class="primary danger" id="remove-now" type="button"><span></span></button></div></dialog>`;
  const templates = html`<template id="icon-device">${icon.device}</template><template id="icon-key">${icon.securityKey}</template><template id="icon-session">${icon.window}</template>
<template id="icon-touch">${icon.touch}</template><template id="icon-add">${icon.add}</template><template id="icon-gone">${icon.gone}</template>`;
  const body = html`<a class="skip" href="#main">${account.skip}</a>
<header class="top">${brand(site)}
<p class="who"><bdi>${user.displayName || user.name}</bdi></p>
<form method="post" action="${prefixOf(site)}/logout"><button class="quiet">${common.signOut}</button></form></header>
<main class="wide" id="main" tabindex="-1"><h1>${account.title}</h1>
${noScript(site, account.noScript)}
${alertRegion}
${statusLine}
<p class="help scripted" data-view="loading">${account.loading}</p>
${lists}
<button class="primary" id="send-again" type="button" hidden><span></span></button>
<div class="more">${whatIsPasskey(texts)}</div></main>
${dialog}${templates}`;
  const data: AccountData = { user: user.name };
  const says = ['ceremony', 'creation', 'accountScript', 'refusals'] as const;
  return page({ site, title: account.title, body, script: { text, hash }, says, data });
}
