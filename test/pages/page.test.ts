import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { accountPage } from '../../src/pages/account.ts';
import { loginPage, target } from '../../src/pages/login.ts';
import { hostileText } from './hostile-text.ts';
import { everyPage, requestOptions, site } from './samples.ts';

const names = Object.keys(everyPage('x'));
const policyStart = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; ";

function contents(html: string, element: 'script' | 'style'): readonly string[] {
  const pattern = new RegExp(`<${element}>([\\s\\S]*?)</${element}>`, 'g');
  return [...html.matchAll(pattern)].map((match) => match[1] ?? '');
}

function sources(csp: string, directive: string): string {
  return csp.split('; ').find((part) => part.startsWith(`${directive} `)) ?? '';
}

/** The page's tags with their attributes' names, without any text or value. */
function skeleton(html: string): string {
  const own = html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '<$1></$1>');
  return (own.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/"[^"]*"/g, '""')).join('\n');
}

describe.each(names)('%s', (name) => {
  test('keeps its structure whatever its values hold', () => {
    const plain = skeleton(everyPage('x')[name]?.html ?? '');
    fc.assert(
      fc.property(
        hostileText.filter((text) => text !== ''),
        (text) => {
          expect(skeleton(everyPage(text)[name]?.html ?? '')).toBe(plain);
        },
      ),
      { numRuns: 60, examples: [['valueOf'], ['__proto__'], ['toString'], ['"><script>']] },
    );
  });

  test('has a policy that allows its own script and style, by hash, and nothing else', () => {
    const { html, csp } = everyPage('x')[name] ?? { html: '', csp: '' };
    expect(csp.startsWith(policyStart)).toBe(true);
    const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    expect(sources(csp, 'style-src')).toBe(`style-src ${contents(html, 'style').map(hashOf).join(' ')}`);
    const scripts = contents(html, 'script').map(hashOf);
    expect(sources(csp, 'script-src')).toBe(scripts.length === 0 ? '' : `script-src ${scripts.join(' ')}`);
    expect(csp).not.toMatch(/unsafe|\*|https?:/);
  });

  test('has no inline handler, no style attribute and nothing to fetch', () => {
    const html = everyPage('x')[name]?.html ?? '';
    const markup = html.replace(/<(script|style)[^>]*>[\s\S]*?<\/\1>/g, '');
    expect(markup).not.toMatch(/\son\w+=|\sstyle=|javascript:/i);
    expect(markup).not.toMatch(/\s(src|srcset|href)="(?:https?:)?\/\//i);
  });

  test('has a language, one title and one heading of the first rank in each of its views', () => {
    const html = everyPage('x')[name]?.html ?? '';
    expect(html).toMatch(/^<!doctype html>\n<html lang="en" dir="ltr">/);
    expect(html.match(/<title>[^<]+ – x<\/title>/g)).toHaveLength(1);
    const views = [...html.matchAll(/<section data-view[\s\S]*?<\/section>/g)].map(([view]) => view);
    for (const view of views) expect((view.match(/<h1/g) ?? []).length).toBeLessThanOrEqual(1);
    expect(html).toMatch(/<h1/);
  });
});

describe('weight', () => {
  test('sign-in fits the first flight of a connection', () => {
    const { html } = loginPage({ site, returnTo: '/app/reports?year=2026', options: requestOptions });
    expect(gzipSync(html).length).toBeLessThanOrEqual(14 * 1024);
  });

  test('the account page stays small', () => {
    const { html } = accountPage({ site, user: { name: 'alice', displayName: 'Alice' } });
    expect(gzipSync(html).length).toBeLessThanOrEqual(30 * 1024);
  });
});

describe('target', () => {
  test('shows at most 40 characters of path and no half ones', () => {
    expect(target('a.example', '/app')).toBe('a.example/app');
    const shown = target('', `/${'😀'.repeat(60)}`);
    expect(Array.from(shown)).toHaveLength(40);
    expect(shown.endsWith('😀…')).toBe(true);
  });
});
