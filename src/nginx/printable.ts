/**
 * Text for a log, cut: what ends a line, drives a terminal or turns the direction of what follows stands there as
 * \uXXXX. A client chooses much of what is logged.
 */
export function printable(text: string, longest: number): string {
  const escaped = (character: string) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  return text.slice(0, longest).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped);
}
