/** Texts with `{name}` in places where something is put in. */

const place = /\{(\w+)\}/;

/** The text taken apart: words at even indexes, names of places at odd ones. */
export function pieces(text: string): readonly string[] {
  return text.split(place);
}

/** Names of the places of a text, in order of the alphabet. */
export function places(text: string): readonly string[] {
  return pieces(text)
    .filter((_, index) => index % 2 === 1)
    .sort();
}

/** The text with values in its places. What is put in is not looked at again. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return pieces(text)
    .map((piece, index) => (index % 2 === 0 ? piece : String(values[piece] ?? '')))
    .join('');
}
