import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dataBlock, escapeHtml, html, inline } from '../../src/pages/html.ts';
import { hostileText } from './hostile-text.ts';

describe('html', () => {
  test('escapes text, numbers and lists, and leaves its own markup alone', () => {
    expect(html`<p title="${'"x"'}">${'<b>'}${1}${['&', html`<i>`]}${null}${undefined}${false}</p>`.text).toBe(
      '<p title="&quot;x&quot;">&lt;b&gt;1&amp;<i></p>',
    );
  });

  test('escaped text neither opens a tag nor leaves an attribute, and reads back as it was', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"'`\0]/);
        const back = escaped
          .replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
          .replace(/&(lt|gt|quot);/g, (_, name: string) => ({ lt: '<', gt: '>', quot: '"' })[name] ?? '')
          .replace(/&amp;/g, '&');
        expect(back).toBe(text.replaceAll('\0', '\ufffd'));
      }),
    );
  });

  test('an object that looks like markup is not taken for it', () => {
    const forged: string = JSON.parse('{"text":"<script>"}');
    expect(() => html`${forged}`).toThrow(TypeError);
  });
});

describe('dataBlock', () => {
  test('reads back as it was, and cannot end its element', () => {
    fc.assert(
      fc.property(hostileText, (text) => {
        const block = dataBlock('data', { text }).text;
        const json = /^<script type="application\/json" id="data">([^<>&\u2028\u2029]*)<\/script>$/.exec(block)?.[1];
        expect(JSON.parse(json ?? '')).toEqual({ text });
      }),
    );
  });
});

describe('inline', () => {
  test.each(['a</script>b', 'a</STYLE>', '<!-- a'])('refuses %s', (text) => {
    expect(() => inline('script', text)).toThrow(TypeError);
  });
});
