/**
 * The query of a target as it was sent. njs's own `r.args` decodes before it splits, so an encoded `&` would end a
 * value. A name that comes twice and a value that is not UTF-8 count as not sent: nobody can say what was meant.
 */
export function queryOf(target: string): Readonly<Record<string, string>> {
  const values = new Map<string, string | null>();
  const start = target.indexOf('?') + 1;
  for (const pair of start === 0 ? [] : target.slice(start).split('&')) {
    const [name = '', ...rest] = pair.split('=');
    values.set(name, values.has(name) ? null : decoded(rest.join('=')));
  }
  return Object.fromEntries([...values].filter((entry): entry is [string, string] => entry[1] !== null));
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch (_) {
    return null;
  }
}
