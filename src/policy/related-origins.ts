/** Whether a browser that is at this origin reaches a website: what is not, is an app's form. */
export function isWebOrigin(origin: string): boolean {
  return origin.includes('://');
}

/** The host of a web origin, without its port. */
export function hostOf(origin: string): string {
  return origin.slice(origin.indexOf('//') + 2).replace(/:[0-9]+$/, '');
}

/**
 * The web origins outside the relying party's domain. Browsers use its passkeys there only where the domain itself
 * says so in /.well-known/webauthn (Level 3, section 5.11).
 */
export function relatedOrigins({
  id,
  origins,
}: {
  readonly id: string;
  readonly origins: readonly string[];
}): string[] {
  return origins.filter((origin) => {
    const host = hostOf(origin);
    return host !== id && !host.endsWith(`.${id}`);
  });
}
