const mostRanges = 20;

/** Languages that a browser asks for (Accept-Language, RFC 9110 section 12.5.4), the best first; `*` aside. */
function asked(header: string): readonly string[] {
  const ranges = header
    .slice(0, 500)
    .split(',', mostRanges)
    .map((range) => {
      const [tag = '', ...rest] = range.trim().toLowerCase().split(';');
      const weight = /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(rest[0] ?? 'q=1');
      return { tag: tag.trim(), weight: weight === null ? 0 : Number(weight[1]) };
    });
  return ranges
    .filter(({ tag, weight }) => weight > 0 && /^[a-z]{1,8}(?:-[a-z0-9]{1,8})*$/.test(tag))
    .sort((a, b) => b.weight - a.weight)
    .map(({ tag }) => tag);
}

/** The prefixes of a tag, itself first: `de-AT`, `de`. */
function broader(tag: string): readonly string[] {
  const parts = tag.split('-');
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('-'));
}

/**
 * Which of a site's languages to speak: by lookup (RFC 4647 section 3.4), where also a site's `pt-BR` serves a
 * browser's `pt`. The first of the site's where none fits.
 */
export function chooseLanguage(header: string, languages: readonly string[]): string | undefined {
  for (const wanted of asked(header)) {
    for (const tag of broader(wanted)) {
      const found = languages.find((each) => each.toLowerCase() === tag);
      if (found !== undefined) return found;
    }
    const narrower = languages.find((each) => each.toLowerCase().startsWith(`${wanted}-`));
    if (narrower !== undefined) return narrower;
  }
  return languages[0];
}
