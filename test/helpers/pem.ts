/** A certificate as PEM files hold it (RFC 7468). */
export function pemOf(certificate: Uint8Array): string {
  const lines = Buffer.from(certificate).toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

/** A model's AAGUID as settings and records write it. */
export function uuidOf(aaguid: Uint8Array): string {
  const hex = Buffer.from(aaguid).toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
