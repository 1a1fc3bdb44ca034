import { hash as styleHash, text as styleText } from 'asset:demo.css';
import { hash as scriptHash, text as scriptText } from 'asset:demo.ts';
import { type DemoMeshFacts, meshPanel } from './demo-mesh.ts';
import { claimMeaning, demo } from './en-demo.ts';
import { type Html, html } from './html.ts';
import { icon } from './icons.ts';
import { essentials, highlighted } from './nginx-conf.ts';
import { brand, originOf, page, prefixOf, type Rendered, type Site } from './page.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** What the demo upstream found out about the request that it received. */
export interface DemoFacts {
  /** The Fido2-Identity header as it came, or null. */
  readonly token: string | null;
  /** The token's parts, decoded whether or not the signature holds; null if they cannot be. */
  readonly header: Claims | null;
  readonly payload: Claims | null;
  readonly verified: boolean;
  /** Why the token does not hold. */
  readonly reason: string;
  /** Whether the session cookie came along. It must not. */
  readonly sawSessionCookie: boolean;
  /** Whether this very token came with a request before: then the gate had it in memory. */
  readonly remembered: boolean;
  /** Where a mesh stands before the upstream. */
  readonly mesh?: DemoMeshFacts | undefined;
}

/** What the demo upstream knows of the nginx before it. */
export interface DemoSetting {
  /** Versions, as people read them. */
  readonly about?: string | undefined;
  /** `identity.refresh` in seconds, where people may leave the group admins to see it; else null. */
  readonly leaveWithin: number | null;
}

export interface DemoParts extends DemoSetting {
  readonly site: Site;
  readonly facts: DemoFacts;
}

/** What the demo page's script finds in the data block. */
export interface DemoData {
  readonly token: string;
  readonly exp: number;
  readonly leaveWithin: number | null;
}

const style = { text: styleText, hash: styleHash };
const script = { text: scriptText, hash: scriptHash };

function claim(claims: Claims | null, name: string): string {
  const value = claims?.[name];
  return typeof value === 'string' ? value : '';
}

function top(site: Site, signedIn: string): Html {
  const prefix = prefixOf(site);
  return html`<header class="top">${brand(site)}${
    signedIn !== '' &&
    html`<nav class="actions"><a class="text" href="${prefix}/account">${demo.passkeys}</a>
<form method="post" action="${prefix}/logout"><button class="quiet">${demo.signOut}</button></form></nav>`
  }</header>`;
}

function fact(holds: boolean, good: string, bad: string): Html {
  return html`<li class="${holds ? 'good' : 'bad'}">${holds ? icon.check : icon.broken}<span>${holds ? good : bad}</span></li>`;
}

function factList({ token, verified, reason, sawSessionCookie, remembered }: DemoFacts): Html {
  return html`<ul class="facts">${fact(token !== null, demo.factToken, demo.factNoToken)}
${token !== null && fact(verified, demo.factVerified, demo.factNotVerified(reason))}
${fact(!sawSessionCookie, demo.factCookie, demo.factCookieLeaked)}
${token !== null && html`<li class="help">${icon.effortless}<span>${remembered ? demo.factRemembered : demo.factSigned}</span></li>`}</ul>`;
}

function rows(claims: Claims): readonly Html[] {
  return Object.entries(claims).map(([name, value]) => {
    const time =
      (name === 'exp' || name === 'iat' || name === 'nbf' || name === 'auth_time') && typeof value === 'number';
    const shown = time ? `${new Date(value * 1000).toISOString().slice(11, 19)} UTC` : JSON.stringify(value);
    return html`<tr><th scope="row">${name}</th><td><div class="claim"><code>${shown}</code><span class="help">${claimMeaning(name)}</span></div></td></tr>`;
  });
}

function tokenCard({ token, header, payload }: DemoFacts): Html | null {
  if (token === null) return null;
  const [first = '', second = '', ...rest] = token.split('.');
  return html`<section class="panel"><h2>${demo.tokenTitle}</h2>
<pre class="token" tabindex="0" aria-label="${demo.tokenHeader}"><span class="dim">${demo.tokenHeader}: </span><span class="one">${first}</span>.<span class="two">${second}</span>.<span class="three">${rest.join('.')}</span></pre>
${header !== null && html`<h3 class="one">${demo.header}</h3><table aria-label="${demo.header}">${rows(header)}</table>`}
${payload !== null && html`<h3 class="two">${demo.payload}<span class="count">${demo.expires} <span id="countdown">…</span></span></h3><table aria-label="${demo.payload}">${rows(payload)}</table>`}</section>`;
}

function trial(id: string, label: string, text: string, more: Html | false = false): Html {
  return html`<li><div><button class="quiet" id="${id}" type="button" aria-describedby="${id}-text"><span>${label}</span></button><p class="help" id="${id}-text">${text}</p></div>${more}<div class="answer" id="${id}-answer" role="status"></div></li>`;
}

function trials({ site, leaveWithin }: DemoParts): Html {
  const curl = html`<p class="curl"><code id="curl">curl -i ${originOf(site)}/app</code><button class="text" id="copy" type="button" aria-label="${demo.copyCurl}" hidden>${demo.copy}</button></p>`;
  return html`<section class="panel"><h2>${demo.tryTitle}</h2><p class="help">${demo.tryText}</p><ul class="trials">
${trial('forge', demo.forge, demo.forgeText)}
${trial('tamper', demo.tamper, demo.tamperText)}
${trial('anonymous', demo.anonymous, demo.anonymousText, curl)}
${trial('admin', demo.admin, demo.adminCallText)}
${leaveWithin !== null && trial('leave', demo.leave, demo.leaveText(leaveWithin))}
${trial('measure', demo.measure, demo.measureText)}</ul></section>`;
}

function groups(payload: Claims | null): Html {
  const list = Array.isArray(payload?.groups) ? payload.groups.filter((one) => typeof one === 'string') : [];
  const tags = list.map((group) => html` <span class="tag">${group}</span>`);
  return html`<p class="who">${demo.groups}${tags.length > 0 ? tags : ` ${demo.noGroups}`}</p>`;
}

/** What stands before the upstream, and where to look further. */
function strip({ site, about }: DemoParts): Html {
  const prefix = prefixOf(site);
  return html`<footer class="strip"><p class="help">${about !== undefined && html`${about} · `}${demo.engine}</p>
<div class="links"><a class="text" href="/app/nginx.conf">${demo.wholeConfiguration}</a><a class="text" href="${prefix}/jwks.json">${demo.keySet}</a><a class="text" href="${prefix}/healthz">${demo.health}</a></div></footer>`;
}

function gatedPage(parts: DemoParts, title: string, text: Html | false, end: Html): Rendered {
  const { facts, site } = parts;
  const user = facts.verified ? claim(facts.payload, 'preferred_username') : '';
  const body = html`${top(site, user)}<main class="wide"><div class="columns"><div class="column">
<section class="panel"><h1>${title}</h1>${text}${facts.verified && groups(facts.payload)}${factList(facts)}${end}</section>
${facts.mesh !== undefined && meshPanel(facts.mesh)}${trials(parts)}</div>
${tokenCard(facts)}</div>${strip(parts)}</main>`;
  const exp = facts.payload?.exp;
  const { leaveWithin } = parts;
  const data: DemoData = { token: facts.token ?? '', exp: typeof exp === 'number' ? exp : 0, leaveWithin };
  return page({ site, title, body, style, script, data });
}

function greeting({ verified, payload }: DemoFacts): string {
  if (!verified) return demo.nobody;
  return demo.hello(claim(payload, 'name') || claim(payload, 'preferred_username'));
}

/** /app: who you are, as the upstream knows it, and how it knows. */
export function demoAppPage(parts: DemoParts): Rendered {
  const end = html`<p class="actions"><a class="primary" href="/admin">${demo.openAdmin}</a></p>`;
  return gatedPage(parts, greeting(parts.facts), false, end);
}

/** /admin: the same behind a stricter policy. */
export function demoAdminPage(parts: DemoParts): Rendered {
  const end = html`<p class="actions"><a class="text" href="/app">${demo.back}</a></p>`;
  return gatedPage(parts, demo.adminTitle, parts.facts.verified && html`<p>${demo.adminText}</p>`, end);
}

/** /: public; what this is. */
export function demoHomePage(site: Site): Rendered {
  const prefix = prefixOf(site);
  const icons = [icon.touch, icon.shield, icon.device];
  const flow = demo.flow.map(
    ([title, text], index) =>
      html`<li><span class="mark">${icons[index]}</span><div><p class="name">${title}</p><p class="help">${text}</p></div></li>`,
  );
  const body = html`${top(site, '')}<main class="wide">
<section class="hero"><h1>${demo.homeTitle}</h1><p>${demo.homeText}</p>
<p class="actions"><a class="primary" href="/app">${icon.key}<span>${demo.openApp}</span></a><a class="quiet" href="/admin">${demo.openAdmin}</a></p></section>
<ol class="flow">${flow}</ol>
<section class="panel"><h2>${demo.configurationTitle}</h2><p class="help">${demo.configurationText}</p><pre tabindex="0" aria-label="${demo.configurationTitle}">${highlighted(essentials)}</pre></section>
<nav class="actions"><a class="text" href="${prefix}/account">${demo.passkeys}</a><a class="text" href="${prefix}/healthz">${demo.health}</a><a class="text" href="${prefix}/jwks.json">${demo.keySet}</a></nav></main>`;
  return page({ site, title: demo.homeTitle, body, style });
}

/** /app/nginx.conf: what nginx runs with. */
export function demoConfPage(site: Site, conf: string): Rendered {
  const title = demo.ownConfigurationTitle;
  const body = html`${top(site, '')}<main class="wide"><section class="panel"><h1>${title}</h1><p class="help">${demo.configurationText}</p>
<pre class="whole" tabindex="0" aria-label="${title}">${highlighted(conf)}</pre>
<p class="actions"><a class="text" href="/app">${demo.back}</a></p></section></main>`;
  return page({ site, title, body, style });
}

export function demoNotFoundPage(site: Site): Rendered {
  const body = html`${top(site, '')}<main class="wide"><section class="hero"><h1>${demo.notFoundTitle}</h1>
<p class="actions"><a class="primary" href="/">${demo.back}</a></p></section></main>`;
  return page({ site, title: demo.notFoundTitle, body, style });
}
