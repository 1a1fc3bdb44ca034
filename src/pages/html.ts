/** HTML by tagged template: every value is escaped, unless it was itself made by this module. */

import { pieces } from './sentence.ts';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  '\0': '\ufffd',
};

/** Markup that is safe to insert. Only this module makes it. */
class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type { Html };

export type HtmlValue = Html | string | number | null | undefined | false | readonly HtmlValue[];

/** Text for element content and for attribute values in quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"'`\0]/g, (character) => escapes[character] ?? '');
}

function insert(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return value.map(insert).join('');
}

/** Attribute values must stand in quotes; `null`, `undefined` and `false` insert nothing, lists their members. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] ?? '';
  values.forEach((value, index) => {
    text += insert(value) + (parts[index + 1] ?? '');
  });
  return new Html(text);
}

/** A text of the table with markup, or with text that is escaped, in its places. */
export function sentence(text: string, values: Readonly<Record<string, HtmlValue>>): Html {
  return html`${pieces(text).map((piece, index) => (index % 2 === 0 ? piece : values[piece]))}`;
}

/** A script or style of the build's, whole. A text that could end its own element is refused. */
export function inline(element: 'script' | 'style', text: string): Html {
  if (/<\/(script|style)|<!--/i.test(text)) throw new TypeError(`the ${element} would end its own element`);
  return new Html(`<${element}>${text}</${element}>`);
}

/** A block of data for the page's script. It is never run, so it needs no hash. */
export function dataBlock(id: string, value: object): Html {
  const json = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return html`<script type="application/json" id="${id}">${new Html(json)}</script>`;
}
