import { chownSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import german from '../../nginx-conf/texts/de.json' with { type: 'json' };
import { english } from '../../src/pages/texts.ts';
import { visit } from '../helpers/browser.ts';
import { get } from '../helpers/client.ts';
import { needs } from '../helpers/needs.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { type BrowserSite, enrolIn, signIn, startSite } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));
const { login, enrol, creation, account, accountScript, stepUp, errors, errorPage, errorScript } = german;

describe.runIf(available)('a site that speaks German, Arabic and English', () => {
  let site: BrowserSite;

  beforeAll(async () => {
    site = await startSite(
      { pages: { languages: ['de', 'ar', 'en'] } },
      {
        prepare(folder, { uid, gid }) {
          const texts = join(folder, 'texts');
          mkdirSync(texts);
          cpSync('nginx-conf/texts/de.json', join(texts, 'de.json'));
          writeFileSync(join(texts, 'ar.json'), '{"direction":"rtl","login":{"title":"<b>"}}');
          for (const path of [texts, join(texts, 'de.json'), join(texts, 'ar.json')]) {
            if (process.geteuid?.() === 0) chownSync(path, uid, gid);
          }
        },
      },
    );
  });

  /** Texts of a page that are English although there is a German one. */
  async function englishOn(page: Page): Promise<readonly string[]> {
    const shown = await page.evaluate<string[]>(`(() => {
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      const found = [];
      while (walk.nextNode()) if (!walk.currentNode.parentElement.closest('script, style, noscript')) found.push(walk.currentNode.data.trim());
      return found;
    })()`);
    const both = Object.entries(german).flatMap(([section, table]) =>
      typeof table === 'string' ? [] : Object.entries(table).map(([key, text]) => ({ section, key, text })),
    );
    const known = Object.values(english).flatMap((table): string[] =>
      typeof table === 'string' ? [] : Object.values(table),
    );
    const alike = both.map(({ text }) => text);
    return shown.filter((text) => text !== '' && known.includes(text) && !alike.includes(text));
  }

  it('does so on every page, and in what the pages’ scripts say', async () => {
    const visitor = await visit(site.nginx.origin, { locale: 'de-AT' });
    const { page, authenticator } = visitor;
    await page.goto(`${site.nginx.origin}/app/`);
    expect(await page.getAttribute('html', 'lang')).toBe('de');
    expect(await page.textContent('h1')).toBe(login.title);
    await page.click('#go');
    await page.waitForSelector(`text=${login.elsewhereTitle}`);
    expect(await englishOn(page)).toEqual([]);

    await enrolIn(visitor, site.nginx, 'ada');
    expect(await page.textContent('[data-view="done"] h1')).toBe(enrol.doneTitle);
    expect(await page.inputValue('#passkey-name')).toBe(
      creation.passkeyOn.replace('{browser}', 'Chrome').replace('{system}', 'Linux'),
    );
    expect(await englishOn(page)).toEqual([]);

    await page.goto(`${site.nginx.origin}/fido2/account`);
    await page.waitForSelector('#passkeys:visible');
    expect(await page.textContent('h1')).toBe(account.title);
    expect(await page.textContent('#notice')).toContain(accountScript.onlyTitle);
    expect(await page.textContent('#sessions li .help')).toContain('Begonnen jetzt');
    await page.click('#devices .danger');
    expect(await page.textContent('#remove-text')).toContain(accountScript.removeLast);
    expect(await englishOn(page)).toEqual([]);

    await page.goto(`${site.nginx.origin}/admin/`);
    expect(await page.textContent('h1')).toBe(errors.noAccessTitle);
    expect(await page.textContent('main')).toContain(errorPage.signedInAs.replace('{name}', 'ada'));
    await visitor.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('#copy');
    await page.waitForSelector(`text=${errorScript.copied}`);
    expect(await englishOn(page)).toEqual([]);
    await page.goto(`${site.nginx.origin}/fido2/nothing`);
    expect(await page.textContent('h1')).toBe(errors.nothingHereTitle);
    await page.goto(`${site.nginx.origin}/fido2/login?step_up=1&return_to=/app/`);
    expect(await page.textContent('h1')).toBe(stepUp.title);
    await authenticator.clear();
    expect(visitor.takeRefusals()).toEqual(['403 /admin/', '404 /fido2/nothing']);
  });

  it('writes dates in the language of the page, whatever the browser’s is', async () => {
    const { page, ...visitor } = await visit(site.nginx.origin, { locale: 'fr' });
    await enrolIn({ page, ...visitor }, site.nginx, 'cora');
    await page.goto(`${site.nginx.origin}/fido2/account`);
    await page.waitForSelector('#passkeys:visible');
    expect(await page.textContent('#sessions li .help')).toContain('Begonnen jetzt');
  });

  it('keeps to what each browser asks for, from right to left too, with words that stay words', async () => {
    const page = async (language: string): Promise<string> =>
      (await get(site.nginx, '/fido2/login', { headers: { 'accept-language': language } })).text;
    expect(await page('en-US,en;q=0.9')).toContain('<html lang="en" dir="ltr">');
    expect(await page('fr')).toContain('<html lang="de" dir="ltr">');
    const arabic = await page('ar-EG');
    expect(arabic).toContain('<html lang="ar" dir="rtl">');
    expect(arabic).toContain('<h1>&lt;b&gt;</h1>');
    expect(arabic).toContain(english.login.button);
  });

  it('takes changed words with a reload, and none of a file that is broken', async () => {
    const { nginx } = site;
    const title = async () =>
      /<h1>(.*?)<\/h1>/.exec((await get(nginx, '/fido2/login', { headers: { 'accept-language': 'de' } })).text)?.[1];
    const file = join(nginx.folder, 'texts/de.json');
    writeFileSync(file, JSON.stringify({ login: { title: 'Hereinspaziert' } }));
    expect(await title()).toBe(login.title);
    await nginx.reload();
    await waitFor(async () => (await title()) === 'Hereinspaziert', 'the changed word');
    writeFileSync(file, '{');
    await nginx.reload();
    await waitFor(async () => (await title()) === english.login.title, 'the English word');
  });

  it('lets people in as ever', async () => {
    const visitor = await visit(site.nginx.origin, { locale: 'de' });
    await enrolIn(visitor, site.nginx, 'bert');
    await visitor.context.clearCookies();
    await visitor.page.goto(`${site.nginx.origin}/app/`);
    await signIn(visitor, `${site.nginx.origin}/app/`);
  });
});
