export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The object that the text holds, or null for any other text and for an object that names a member twice:
 * two readers of such an object may see different values.
 */
export function parseJsonObject(text: string): JsonObject | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (_) {
    return null;
  }
  if (!isJsonObject(value)) return null;
  // Text that comes out as it went in named nothing twice; clients write it so, and nginx counts characters slowly.
  return JSON.stringify(value) === text || countMembers(text) === Object.keys(value).length ? value : null;
}

/** The number of members that the text of an object spells at its top level. `text` is valid JSON. */
function countMembers(text: string): number {
  let members = 0;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
    else if (char === ':' && depth === 1) members++;
  }
  return members;
}
