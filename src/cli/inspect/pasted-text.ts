/**
 * The JSON in a text, or undefined: as it stands, or as a console shows a string, in quotes and with its quotes and
 * backslashes escaped.
 */
export function parsePastedText(text: string): unknown {
  const trimmed = text.trim();
  const quoted = /^'([\s\S]*)'$/.exec(trimmed)?.[1];
  const value = parseJson(quoted === undefined ? trimmed : quoted.replace(/\\(.)/g, '$1'));
  return typeof value === 'string' ? parseJson(value) : value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (_) {
    return undefined;
  }
}
