import { fill } from '../sentence.ts';
import { byId, element, say, sentence } from './dom.ts';
import { texts } from './page-data.ts';

export interface Words {
  readonly title: string;
  readonly text: string;
  readonly ref?: string | undefined;
  /** Stands in the text's place `{link}`. */
  readonly link?: string | undefined;
}

/** Tells what went wrong and what to do next, and moves the focus there. */
export function fail({ title, text, ref, link }: Words): void {
  say('');
  const time = `${new Date().toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  const told = link === undefined ? [text] : sentence(text, { link: element('a', { href: link }, link) });
  const parts = [element('p', { class: 'strong' }, title), element('p', { id: 'alert-text' }, ...told)];
  if (ref) parts.push(element('p', { class: 'selectable' }, fill(texts.ceremony.reference, { ref, time })));
  byId('alert').replaceChildren(...parts);
  byId('alert').focus();
}
