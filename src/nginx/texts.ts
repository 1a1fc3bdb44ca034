import { chooseLanguage } from '../pages/language.ts';
import { english, readTexts, type Texts } from '../pages/texts.ts';
import type { Settings } from '../policy/settings.ts';
import { state } from './dicts.ts';

let known: { readonly generation: string; readonly tables: Map<string, Texts> } | null = null;

/** The words of the language that the browser asks for, among those that the site speaks. */
export function textsFor({ pages }: Settings, acceptLanguage: string): Texts {
  const language = chooseLanguage(acceptLanguage, pages.languages);
  if (language === undefined) return english;
  const generation = state.get('generation') ?? '';
  if (known === null || known.generation !== generation) known = { generation, tables: new Map() };
  const there = known.tables.get(language);
  if (there !== undefined) return there;
  const file = (JSON.parse(state.get('texts') ?? '{}') as Record<string, string | undefined>)[language];
  const table = file === undefined ? english : readTexts(file, language);
  known.tables.set(language, table);
  return table;
}
