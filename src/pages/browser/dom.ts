/** The page's elements, its two live regions, and which of its views shows. Text goes in as text, never as markup. */

import { ceremony } from '../en.ts';
import type { PageData } from '../page.ts';

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

/** What the server put into the page's data block. */
export function pageData<Data extends PageData>(): Data {
  return JSON.parse(byId('data').textContent);
}

export interface Words {
  readonly title: string;
  readonly text: string;
  readonly ref?: string | undefined;
  readonly link?: string | undefined;
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

/** Tells what goes on, quietly. */
export function say(text: string): void {
  byId('status').textContent = text;
}

/** Tells what went wrong and what to do next, and moves the focus there. */
export function fail({ title, text, ref, link }: Words): void {
  say('');
  const time = `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const sentence = element('p', { id: 'alert-text' }, text);
  if (link !== undefined) sentence.append(element('a', { href: link }, link));
  const parts = [element('p', { class: 'strong' }, title), sentence];
  if (ref) parts.push(element('p', { class: 'selectable' }, ceremony.reference(ref, time)));
  byId('alert').replaceChildren(...parts);
  byId('alert').focus();
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
