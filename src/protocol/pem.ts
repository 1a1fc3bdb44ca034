import { fromBase64 } from '../bytes.ts';
import { Fido2Error } from '../errors.ts';

const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g;

/** The certificates of a PEM text (RFC 7468) in DER, at least one. Throws `certificate_invalid`. */
export function certificatesOfPem(text: string): Uint8Array[] {
  const whole = [...text.matchAll(block)].flatMap(([, base64 = '']) => {
    const bytes = fromBase64(base64.replace(/\s/g, ''));
    return bytes === null || bytes.length === 0 ? [] : [bytes];
  });
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun === 0 || whole.length !== begun)
    throw new Fido2Error('certificate_invalid', `${whole.length} of ${begun} certificates in PEM can be read`);
  return whole;
}
