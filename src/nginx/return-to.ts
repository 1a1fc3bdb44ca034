/**
 * Where to go after signing in: a path of this origin, or `/`. It starts with one `/` followed by neither `/` nor
 * `\`, holds no control character before or after decoding and no half of a surrogate pair (broken UTF-8 may leave
 * one, and it cannot be encoded again), and is not one of our own pages.
 */
export function safeReturnTo(value: unknown): string {
  if (typeof value !== 'string' || value.length > 4096) return '/';
  if (!/^\/(?![/\\])/.test(value) || hasControl(value) || /\p{Cs}/u.test(value)) return '/';
  let decoded: string;
  try {
    decoded = decodeURIComponent(value);
  } catch (_) {
    // A stray percent sign is no control character; the raw form was checked.
    decoded = value;
  }
  if (hasControl(decoded) || /^\/[/\\]/.test(decoded)) return '/';
  if (/^\/fido2(?:[/?#]|$)/.test(decoded)) return '/';
  return value;
}

function hasControl(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return true;
  }
  return false;
}
