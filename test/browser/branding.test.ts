import { beforeAll, describe, expect, it } from 'vitest';
import { accentShades } from '../../src/policy/accent.ts';
import { visit } from '../helpers/browser.ts';
import { needs } from '../helpers/needs.ts';
import { type BrowserSite, enrolIn, startSite } from './site.ts';

const available = (await needs('nginx')) && (await needs('chromium'));
const accent = '#7a1fa2';
const logo =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">\n  <circle cx="12" cy="12" r="10" fill="#7a1fa2"/>\n</svg>\n';

describe.runIf(available)('a site with settings of its own', () => {
  let site: BrowserSite;
  beforeAll(async () => {
    site = await startSite({
      pages: { name: 'Northwind', help: 'it@northwind.example', logo, accent },
      policies: {
        user: {},
        admin: { groups: ['admins'], words: 'Payroll is for the payroll team.', contact: 'payroll@northwind.example' },
      },
    });
  });

  function styleOf(selector: string, property: string): string {
    return `getComputedStyle(document.querySelector(${JSON.stringify(selector)}))[${JSON.stringify(property)}]`;
  }

  it('has its name, logo and colour on every page, under the same strict policy, in both schemes', async () => {
    const { page } = await visit(site.nginx.origin);
    for (const path of ['/fido2/login', '/fido2/enrol', '/fido2/signed-out']) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(site.nginx.origin + path);
      expect(await page.title()).toContain('Northwind');
      expect(await page.evaluate("document.querySelector('.logo').naturalWidth")).toBeGreaterThan(0);
      expect(await page.evaluate(styleOf('.primary', 'backgroundColor'))).toBe(cssOf(accent));
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await page.evaluate(styleOf('.primary', 'backgroundColor'))).toBe(cssOf(accentShades(accent).dark.accent));
    }
  });

  it('refuses with the policy’s own words, and names whom to ask', async () => {
    const visitor = await visit(site.nginx.origin);
    const { page } = visitor;
    await enrolIn(visitor, site.nginx, 'ada');
    await page.goto(`${site.nginx.origin}/admin/`);
    const text = await page.textContent('main');
    expect(text).toContain('Payroll is for the payroll team.');
    expect(text).toContain('payroll@northwind.example');
    expect(text).not.toContain('it@northwind.example');
    expect(await page.evaluate(styleOf('.primary', 'backgroundColor'))).toBe(cssOf(accent));
    visitor.takeRefusals();
  });
});

function cssOf(hex: string): string {
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return `rgb(${red}, ${green}, ${blue})`;
}
