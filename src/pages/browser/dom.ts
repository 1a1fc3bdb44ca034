/** The page's elements, its two live regions, and which of its views shows. Text goes in as text, never as markup. */

import { pieces } from '../sentence.ts';

/** The element of that id. The page and its script are rendered together, so a missing one is a bug. */
export function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new TypeError(`no element ${id}`);
  return element;
}

export function inputById(id: string): HTMLInputElement {
  const element = byId(id);
  if (!(element instanceof HTMLInputElement)) throw new TypeError(`${id} is no input`);
  return element;
}

type Child = Node | string;

/** A new element; properties are set as properties, `data-*`, `aria-*` and the like as attributes. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** A text of the table with elements in its places. */
export function sentence(text: string, values: Readonly<Record<string, Node>>): readonly Child[] {
  return pieces(text).map((piece, index) => (index % 2 === 0 ? piece : (values[piece] ?? '')));
}

/** Tells what goes on, quietly. */
export function say(text: string): void {
  byId('status').textContent = text;
}

export function clear(): void {
  say('');
  byId('alert').replaceChildren();
}

/** Shows one of the page's views; the focus goes to its heading where that takes it. */
export function show(view: string): void {
  for (const section of document.querySelectorAll<HTMLElement>('[data-view]')) {
    section.hidden = section.getAttribute('data-view') !== view;
  }
  document.querySelector<HTMLElement>(`[data-view="${view}"] :is(h1, h2)[tabindex]`)?.focus();
}
